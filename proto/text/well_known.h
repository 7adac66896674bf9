// Durations, times and units: the fields whose text says more than their type.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>

#include "scheduler/base/time.h"

namespace gusu::text {

bool is_duration(const google::protobuf::Descriptor& type);
bool is_timestamp(const google::protobuf::Descriptor& type);
// Fields with the option (gusu.v1.unit) = UNIT_BYTES.
bool is_in_bytes(const google::protobuf::FieldDescriptor& field);

// Of a google.protobuf.Duration or Timestamp, whichever class carries it.
void set_duration(google::protobuf::Message& message, Duration duration);
void set_timestamp(google::protobuf::Message& message, Time time);
// "3600s", "0.250s"
std::string duration_text(const google::protobuf::Message& message);
// "2026-11-23T21:00:00Z"; what lies outside the years 1 to 9999 is drawn to their edge.
std::string timestamp_text(const google::protobuf::Message& message);

}  // namespace gusu::text
