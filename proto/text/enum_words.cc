#include "proto/text/enum_words.h"

#include <cctype>

#include "proto/text/json.h"

namespace gusu::text {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;

// "JobState" -> "JOB_STATE_"
std::string prefix_of(const EnumDescriptor& type) {
    std::string prefix;
    for (const char c : type.name()) {
        if (std::isupper(static_cast<unsigned char>(c)) && !prefix.empty()) {
            prefix += '_';
        }
        prefix += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return prefix + "_";
}

}  // namespace

std::string enum_text(const EnumValueDescriptor& value) {
    const std::string prefix = prefix_of(*value.type());
    const std::string word =
        value.name().starts_with(prefix) ? value.name().substr(prefix.size()) : value.name();
    return value.number() == 0 && word == "UNSPECIFIED" ? "" : word;
}

const EnumValueDescriptor* find_enum_value(const EnumDescriptor& type, std::string_view word) {
    std::string name;
    for (const char c : word) {
        name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    const EnumValueDescriptor* full = type.FindValueByName(name);
    return full != nullptr ? full : type.FindValueByName(prefix_of(type) + name);
}

std::vector<std::string> enum_words(const EnumDescriptor& type) {
    std::vector<std::string> words;
    for (int i = 0; i < type.value_count(); ++i) {
        std::string word = enum_text(*type.value(i));
        if (!word.empty()) {
            words.push_back(std::move(word));
        }
    }
    return words;
}

}  // namespace gusu::text
