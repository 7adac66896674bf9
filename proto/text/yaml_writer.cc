#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <utility>
#include <vector>

#include "proto/text/base64.h"
#include "proto/text/json.h"
#include "proto/text/well_known.h"
#include "proto/text/yaml.h"
#include "proto/text/yaml_scalar.h"
#include "scheduler/base/text.h"

namespace gusu::text {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Which item of a repeated field; kSingle for the others.
constexpr int kSingle = -1;

std::string indentation(int depth) { return std::string(static_cast<std::size_t>(depth) * 2, ' '); }

// Words that YAML readers, ours or others, take for something else than text.
bool is_reserved(std::string word) {
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr std::string_view kReserved[] = {"null", "true", "false", "yes", "no",
                                              "on",   "off",  "y",     "n"};
    return std::ranges::find(kReserved, word) != std::end(kReserved);
}

bool is_plain(const std::string& text) {
    const auto is_letter = [](unsigned char c) { return c < 0x80 && std::isalpha(c) != 0; };
    const auto is_inner = [](unsigned char c) {
        return c < 0x80 &&
               (std::isalnum(c) != 0 ||
                std::string_view("_-./@%+=,").find(static_cast<char>(c)) != std::string::npos);
    };
    return !text.empty() && (is_letter(static_cast<unsigned char>(text[0])) || text[0] == '/') &&
           std::all_of(text.begin(), text.end(), is_inner) && !is_reserved(text);
}

std::string double_quoted(std::string_view text) {
    std::string quoted = "\"";
    while (!text.empty()) {
        const std::size_t valid = valid_utf8_prefix(text);
        for (const char c : text.substr(0, valid)) {
            if (c == '"' || c == '\\') {
                quoted += {'\\', c};
            } else if (c == '\n') {
                quoted += "\\n";
            } else if (c == '\t') {
                quoted += "\\t";
            } else if ((c >= 0 && c < 0x20) || c == 0x7F) {
                std::array<char, 8> escaped{};
                std::snprintf(escaped.data(), escaped.size(), "\\x%02X", static_cast<unsigned>(c));
                quoted += escaped.data();
            } else {
                quoted += c;
            }
        }
        text.remove_prefix(valid);
        if (!text.empty()) {
            quoted += "\xEF\xBF\xBD";
            text.remove_prefix(1);
        }
    }
    return quoted + "\"";
}

// Texts of several lines that a "|" block gives back byte by byte.
bool fits_block(const std::string& text) {
    const std::size_t end = text.find_last_not_of('\n');
    if (text.find('\n') == std::string::npos || end == std::string::npos || text.size() - end > 2 ||
        !is_valid_utf8(text)) {
        return false;
    }
    const auto is_odd = [](char c) { return (c >= 0 && c < 0x20 && c != '\n') || c == 0x7F; };
    return text[0] != ' ' && text[0] != '\n' && std::none_of(text.begin(), text.end(), is_odd) &&
           text.find(" \n") == std::string::npos && !text.ends_with(' ');
}

// Text after "key:" or "-", `depth` levels deep.
std::string text_value(const std::string& text, int depth) {
    if (!fits_block(text)) {
        return is_plain(text) ? text : double_quoted(text);
    }
    std::string block = text.ends_with('\n') ? "|" : "|-";
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        block += '\n';
        block += line.empty() ? "" : indentation(depth + 1);
        block += line;
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    }
    return block;
}

template <typename T>
std::string number_text(T number) {
    std::array<char, 64> text{};
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
    return std::string(text.data(), end);
}

std::string int64_text(const FieldDescriptor& field, std::int64_t number) {
    if (is_in_bytes(field) && number >= 0) {
        const std::string bytes = format_bytes(number);
        const Result<std::int64_t> back = parse_bytes(bytes);
        if (back && *back == number) {
            return bytes;
        }
    }
    return number_text(number);
}

std::string scalar_text(const Message& message, const FieldDescriptor& field, int item, int depth) {
    const auto& reflection = *message.GetReflection();
    const auto get = [&]<typename T>(T (google::protobuf::Reflection::*single)(
                                         const Message&, const FieldDescriptor*) const,
                                     T (google::protobuf::Reflection::*repeated)(
                                         const Message&, const FieldDescriptor*, int) const) -> T {
        return item == kSingle ? (reflection.*single)(message, &field)
                               : (reflection.*repeated)(message, &field, item);
    };
    using R = google::protobuf::Reflection;
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            return number_text(get(&R::GetInt32, &R::GetRepeatedInt32));
        case FieldDescriptor::CPPTYPE_INT64:
            return int64_text(field, get(&R::GetInt64, &R::GetRepeatedInt64));
        case FieldDescriptor::CPPTYPE_UINT32:
            return number_text(get(&R::GetUInt32, &R::GetRepeatedUInt32));
        case FieldDescriptor::CPPTYPE_UINT64:
            return number_text(get(&R::GetUInt64, &R::GetRepeatedUInt64));
        case FieldDescriptor::CPPTYPE_DOUBLE:
            return number_text(get(&R::GetDouble, &R::GetRepeatedDouble));
        case FieldDescriptor::CPPTYPE_FLOAT:
            return number_text(get(&R::GetFloat, &R::GetRepeatedFloat));
        case FieldDescriptor::CPPTYPE_BOOL:
            return get(&R::GetBool, &R::GetRepeatedBool) ? "true" : "false";
        case FieldDescriptor::CPPTYPE_ENUM: {
            const auto& value = *get(&R::GetEnum, &R::GetRepeatedEnum);
            const std::string word = enum_text(value);
            return word.empty() ? value.name() : word;
        }
        case FieldDescriptor::CPPTYPE_STRING: {
            const std::string text = get(&R::GetString, &R::GetRepeatedString);
            return field.type() == FieldDescriptor::TYPE_BYTES ? double_quoted(to_base64(text))
                                                               : text_value(text, depth);
        }
        case FieldDescriptor::CPPTYPE_MESSAGE:
            break;
    }
    const Message& value = item == kSingle ? reflection.GetMessage(message, &field)
                                           : reflection.GetRepeatedMessage(message, &field, item);
    return is_duration(*value.GetDescriptor()) ? duration_text(value) : timestamp_text(value);
}

void write_fields(const Message& message, int depth, std::string& out);

// " value\n", or the lines of a message one level deeper.
void write_value(const Message& message, const FieldDescriptor& field, int depth,
                 std::string& out) {
    if (is_scalar(field)) {
        out += ' ';
        out += scalar_text(message, field, kSingle, depth);
        out += '\n';
        return;
    }
    std::string lines;
    write_fields(message.GetReflection()->GetMessage(message, &field), depth + 1, lines);
    out += lines.empty() ? " {}\n" : "\n" + lines;
}

void write_list(const Message& message, const FieldDescriptor& field, int depth, std::string& out) {
    const auto& reflection = *message.GetReflection();
    out += "\n";
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
        out += indentation(depth + 1) + "-";
        if (is_scalar(field)) {
            out += ' ';
            out += scalar_text(message, field, i, depth + 1);
            out += '\n';
            continue;
        }
        std::string lines;
        write_fields(reflection.GetRepeatedMessage(message, &field, i), depth + 2, lines);
        // The first field stands on the line of its dash, one space behind it.
        const std::size_t indent = indentation(depth + 2).size();
        out += lines.empty() ? " {}\n" : lines.substr(indent - 1);
    }
}

void write_map(const Message& message, const FieldDescriptor& field, int depth, std::string& out) {
    const auto& reflection = *message.GetReflection();
    std::vector<std::pair<std::string, std::string>> entries;
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
        const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
        const auto& type = *field.message_type();
        std::string key = scalar_text(entry, *type.map_key(), kSingle, 0);
        if (type.map_key()->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
            const std::string text = entry.GetReflection()->GetString(entry, type.map_key());
            key = is_plain(text) ? text : double_quoted(text);
        }
        std::string value;
        write_value(entry, *type.map_value(), depth + 1, value);
        entries.emplace_back(std::move(key), std::move(value));
    }
    std::sort(entries.begin(), entries.end());
    out += "\n";
    for (const auto& [key, value] : entries) {
        out += indentation(depth + 1) + key + ":" + value;
    }
}

void write_fields(const Message& message, int depth, std::string& out) {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (const FieldDescriptor* const field : fields) {
        out += indentation(depth) + field->name() + ":";
        if (field->is_map()) {
            write_map(message, *field, depth, out);
        } else if (field->is_repeated()) {
            write_list(message, *field, depth, out);
        } else {
            write_value(message, *field, depth, out);
        }
    }
}

}  // namespace

std::string write_yaml(const Message& message) {
    std::string out;
    write_fields(message, 0, out);
    return out;
}

}  // namespace gusu::text
