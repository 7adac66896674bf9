// One word of a YAML file into one field: the field's type decides what it means.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>

#include "scheduler/base/result.h"

namespace gusu::text {

// True for all fields but messages other than google.protobuf.Duration and Timestamp.
bool is_scalar(const google::protobuf::FieldDescriptor& field);

// Sets the field, or appends to it if it is repeated. The error is without file and field.
Status put_scalar(const std::string& word, const google::protobuf::FieldDescriptor& field,
                  google::protobuf::Message& into);

}  // namespace gusu::text
