// The words people use for the values of an enum: without the prefix, in any case.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>
#include <vector>

namespace gusu::text {

// "high", "HIGH", "PRIORITY_HIGH", "after-ok" -> the value; nullptr if there is none.
const google::protobuf::EnumValueDescriptor* find_enum_value(
    const google::protobuf::EnumDescriptor& type, std::string_view word);

// What may be written, as write_json writes it.
std::vector<std::string> enum_words(const google::protobuf::EnumDescriptor& type);

}  // namespace gusu::text
