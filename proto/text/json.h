// Messages as JSON and enums as words, for people and scripts.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>

namespace gusu::text {

// One document with field names as in the .proto, times RFC 3339, durations "3600s". Enums are
// without their prefix ("PENDING"), integers of every size are numbers. All fields are present, but
// messages and optional fields that are not set. Broken UTF-8 is replaced.
std::string write_json(const google::protobuf::Message& message);

// "JOB_STATE_PENDING" -> "PENDING"; "" for the value 0 if it is UNSPECIFIED.
std::string enum_text(const google::protobuf::EnumValueDescriptor& value);

template <typename Enum>
std::string enum_text(Enum value) {
    const auto* found = google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(value);
    return found == nullptr ? std::to_string(static_cast<int>(value)) : enum_text(*found);
}

}  // namespace gusu::text
