#include "proto/text/json.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>

#include "proto/text/base64.h"
#include "proto/text/well_known.h"

namespace gusu::text {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Json = nlohmann::ordered_json;

// Which item of a repeated field; kSingle for the others.
constexpr int kSingle = -1;

Json message_json(const Message& message);

// Whole numbers without ".0"; what JSON cannot say is null.
Json number_json(double number) {
    constexpr double kExactBelow = 9007199254740992.0;
    if (std::isfinite(number) && std::trunc(number) == number && std::fabs(number) < kExactBelow) {
        return static_cast<std::int64_t>(number);
    }
    return std::isfinite(number) ? Json(number) : Json(nullptr);
}

Json enum_json(const FieldDescriptor& field, int number) {
    const auto* const value = field.enum_type()->FindValueByNumber(number);
    return value == nullptr ? std::to_string(number) : enum_text(*value);
}

Json sub_message_json(const Message& message) {
    if (is_duration(*message.GetDescriptor())) {
        return duration_text(message);
    }
    if (is_timestamp(*message.GetDescriptor())) {
        return timestamp_text(message);
    }
    return message_json(message);
}

Json value_json(const Message& message, const FieldDescriptor& field, int item) {
    using R = Reflection;
    const R& reflection = *message.GetReflection();
    const auto get = [&]<typename T>(T (R::*single)(const Message&, const FieldDescriptor*) const,
                                     T (R::*repeated)(const Message&, const FieldDescriptor*, int)
                                         const) -> T {
        return item == kSingle ? (reflection.*single)(message, &field)
                               : (reflection.*repeated)(message, &field, item);
    };
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            return get(&R::GetInt32, &R::GetRepeatedInt32);
        case FieldDescriptor::CPPTYPE_INT64:
            return get(&R::GetInt64, &R::GetRepeatedInt64);
        case FieldDescriptor::CPPTYPE_UINT32:
            return get(&R::GetUInt32, &R::GetRepeatedUInt32);
        case FieldDescriptor::CPPTYPE_UINT64:
            return get(&R::GetUInt64, &R::GetRepeatedUInt64);
        case FieldDescriptor::CPPTYPE_DOUBLE:
            return number_json(get(&R::GetDouble, &R::GetRepeatedDouble));
        case FieldDescriptor::CPPTYPE_FLOAT:
            return number_json(static_cast<double>(get(&R::GetFloat, &R::GetRepeatedFloat)));
        case FieldDescriptor::CPPTYPE_BOOL:
            return get(&R::GetBool, &R::GetRepeatedBool);
        case FieldDescriptor::CPPTYPE_ENUM:
            return enum_json(field, get(&R::GetEnumValue, &R::GetRepeatedEnumValue));
        case FieldDescriptor::CPPTYPE_STRING: {
            const std::string text = get(&R::GetString, &R::GetRepeatedString);
            return field.type() == FieldDescriptor::TYPE_BYTES ? to_base64(text) : text;
        }
        case FieldDescriptor::CPPTYPE_MESSAGE:
            break;
    }
    return sub_message_json(item == kSingle ? reflection.GetMessage(message, &field)
                                            : reflection.GetRepeatedMessage(message, &field, item));
}

Json list_json(const Message& message, const FieldDescriptor& field) {
    Json list = Json::array();
    for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
        list.push_back(value_json(message, field, i));
    }
    return list;
}

Json map_json(const Message& message, const FieldDescriptor& field) {
    std::map<std::string, Json> entries;
    for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
        const Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, i);
        const Json key = value_json(entry, *field.message_type()->map_key(), kSingle);
        entries[key.is_string() ? key.get<std::string>() : key.dump()] =
            value_json(entry, *field.message_type()->map_value(), kSingle);
    }
    Json map = Json::object();
    for (auto& [key, value] : entries) {
        map[key] = std::move(value);
    }
    return map;
}

Json message_json(const Message& message) {
    Json object = Json::object();
    const auto& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
        const FieldDescriptor& field = *type.field(i);
        if (field.is_map()) {
            object[field.name()] = map_json(message, field);
        } else if (field.is_repeated()) {
            object[field.name()] = list_json(message, field);
        } else if (!field.has_presence() || message.GetReflection()->HasField(message, &field)) {
            object[field.name()] = value_json(message, field, kSingle);
        }
    }
    return object;
}

}  // namespace

std::string write_json(const Message& message) {
    return message_json(message).dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace gusu::text
