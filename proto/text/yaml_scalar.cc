#include "proto/text/yaml_scalar.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "proto/text/base64.h"
#include "proto/text/enum_words.h"
#include "proto/text/well_known.h"
#include "scheduler/base/text.h"

namespace gusu::text {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

Error wrong(std::string message) { return Error{ErrorCode::InvalidArgument, std::move(message)}; }

// A field of a message; put() sets it or appends to it.
struct Slot {
    Message& message;
    const FieldDescriptor& field;

    template <typename T>
    Status put(void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
               void (Reflection::*add)(Message*, const FieldDescriptor*, T) const, T value) const {
        const Reflection& reflection = *message.GetReflection();
        (reflection.*(field.is_repeated() ? add : set))(&message, &field, std::move(value));
        return Done{};
    }

    Message& sub_message() const {
        const Reflection& reflection = *message.GetReflection();
        return field.is_repeated() ? *reflection.AddMessage(&message, &field)
                                   : *reflection.MutableMessage(&message, &field);
    }
};

template <typename T>
Result<T> exact_number(const std::string& word) {
    T number = 0;
    const char* const end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, number);
    if (stop != end || error != std::errc{}) {
        const bool too_large = stop == end && error == std::errc::result_out_of_range;
        return wrong(quote(word) + (too_large ? " is out of range" : " is not a whole number") +
                     "; write a whole number from " +
                     std::to_string(std::numeric_limits<T>::min()) + " to " +
                     std::to_string(std::numeric_limits<T>::max()));
    }
    return number;
}

template <typename T>
Result<T> finite_number(const std::string& word) {
    T number = 0;
    const char* const end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, number);
    if (stop != end || error != std::errc{} || !std::isfinite(number)) {
        const bool too_large = stop == end && error == std::errc::result_out_of_range;
        return wrong(quote(word) + (too_large ? " is out of range" : " is not a number") +
                     "; write a number as 2, 0.5 or 1e3");
    }
    return number;
}

template <typename T>
Status put_integer(const std::string& word, const Slot& slot,
                   void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
                   void (Reflection::*add)(Message*, const FieldDescriptor*, T) const) {
    const Result<T> number = exact_number<T>(word);
    return number ? slot.put(set, add, *number) : Status(number.error());
}

Status put_int64(const std::string& word, const Slot& slot) {
    if (!is_in_bytes(slot.field)) {
        return put_integer(word, slot, &Reflection::SetInt64, &Reflection::AddInt64);
    }
    const Result<std::int64_t> bytes = parse_bytes(word);
    return bytes ? slot.put(&Reflection::SetInt64, &Reflection::AddInt64, *bytes)
                 : Status(bytes.error());
}

Status put_bool(const std::string& word, const Slot& slot) {
    if (word != "true" && word != "false") {
        return wrong(quote(word) + " is neither true nor false");
    }
    return slot.put(&Reflection::SetBool, &Reflection::AddBool, word == "true");
}

template <typename T>
Status put_real(const std::string& word, const Slot& slot,
                void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
                void (Reflection::*add)(Message*, const FieldDescriptor*, T) const) {
    const Result<T> number = finite_number<T>(word);
    return number ? slot.put(set, add, *number) : Status(number.error());
}

Status put_enum(const std::string& word, const Slot& slot) {
    const auto& type = *slot.field.enum_type();
    const auto* const value = find_enum_value(type, word);
    if (value != nullptr) {
        return slot.put(&Reflection::SetEnum, &Reflection::AddEnum, value);
    }
    std::string allowed;
    for (const std::string& known : enum_words(type)) {
        allowed += (allowed.empty() ? "" : ", ") + known;
    }
    return wrong(quote(word) + " is not allowed here; write one of " + allowed);
}

Status put_string(const std::string& word, const Slot& slot) {
    if (slot.field.type() != FieldDescriptor::TYPE_BYTES) {
        return slot.put(&Reflection::SetString, &Reflection::AddString, word);
    }
    std::optional<std::string> bytes = from_base64(word);
    if (!bytes) {
        return wrong(quote(word) + " is not base64");
    }
    return slot.put(&Reflection::SetString, &Reflection::AddString, *std::move(bytes));
}

Status put_well_known(const std::string& word, const Slot& slot) {
    if (is_duration(*slot.field.message_type())) {
        const Result<Duration> duration = parse_duration(word);
        if (!duration) {
            return duration.error();
        }
        set_duration(slot.sub_message(), *duration);
        return Done{};
    }
    // A file means the same whenever it is read: no "now", no "+2h".
    const bool relative = word == "now" || word.starts_with('+');
    const Result<Time> time = parse_time(relative ? "" : word, Time{});
    if (!time || *time < Time{}) {
        return wrong(quote(word) +
                     " is not a time; write it with its zone \"2026-11-23T21:00:00Z\" or as a "
                     "date \"2026-11-23\"");
    }
    set_timestamp(slot.sub_message(), *time);
    return Done{};
}

}  // namespace

bool is_scalar(const FieldDescriptor& field) {
    return field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
           is_duration(*field.message_type()) || is_timestamp(*field.message_type());
}

Status put_scalar(const std::string& word, const FieldDescriptor& field, Message& into) {
    const Slot slot{into, field};
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            return put_integer(word, slot, &Reflection::SetInt32, &Reflection::AddInt32);
        case FieldDescriptor::CPPTYPE_INT64:
            return put_int64(word, slot);
        case FieldDescriptor::CPPTYPE_UINT32:
            return put_integer(word, slot, &Reflection::SetUInt32, &Reflection::AddUInt32);
        case FieldDescriptor::CPPTYPE_UINT64:
            return put_integer(word, slot, &Reflection::SetUInt64, &Reflection::AddUInt64);
        case FieldDescriptor::CPPTYPE_DOUBLE:
            return put_real(word, slot, &Reflection::SetDouble, &Reflection::AddDouble);
        case FieldDescriptor::CPPTYPE_FLOAT:
            return put_real(word, slot, &Reflection::SetFloat, &Reflection::AddFloat);
        case FieldDescriptor::CPPTYPE_BOOL:
            return put_bool(word, slot);
        case FieldDescriptor::CPPTYPE_ENUM:
            return put_enum(word, slot);
        case FieldDescriptor::CPPTYPE_STRING:
            return put_string(word, slot);
        case FieldDescriptor::CPPTYPE_MESSAGE:
            return put_well_known(word, slot);
    }
    return wrong("fields of this type cannot be read from a file");
}

}  // namespace gusu::text
