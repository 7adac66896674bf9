// Messages as JSON and enums as words, for people and scripts.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>

namespace gusu::text {

// One document with field names as in the .proto, all fields present, times RFC 3339. Enums are
// without their prefix ("PENDING"), 64-bit integers are numbers where a double holds them.
std::string write_json(const google::protobuf::Message& message);

// "JOB_STATE_PENDING" -> "PENDING"; "" for the value 0 if it is UNSPECIFIED.
std::string enum_text(const google::protobuf::EnumValueDescriptor& value);

template <typename Enum>
std::string enum_text(Enum value) {
    const auto* found = google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(value);
    return found == nullptr ? std::to_string(static_cast<int>(value)) : enum_text(*found);
}

}  // namespace gusu::text
