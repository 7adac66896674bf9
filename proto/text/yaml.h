// YAML files of ours, job or configuration, are protobuf messages. The field's descriptor decides
// what a scalar means; YAML's own guesses (yes, 1e3, 08) never do.
//
// Besides proto3's JSON mapping: fields are named as in the .proto (camelCase is accepted), enums
// may leave out their prefix and case ("high"), durations are read by parse_duration ("4h"), fields
// with UNIT_BYTES by parse_bytes ("16G"), a single value stands for a list of one.
#pragma once

#include <google/protobuf/message.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "scheduler/base/result.h"

namespace gusu::text {

// Reads one document into `into`, which is left as it was on an error. An error reads
// "job.yaml:3:9: groups[0].gpu: no such field; did you mean \"resources.gpus\"?".
// Limits: 4 MiB, 32 levels, 200,000 values; no aliases, no duplicate keys, valid UTF-8.
Status read_yaml(std::string_view yaml, std::string_view file_name,
                 google::protobuf::Message& into);
Status read_yaml_file(const std::filesystem::path& file, google::protobuf::Message& into);

// What read_yaml reads back as the same message. Unset fields are left out.
std::string write_yaml(const google::protobuf::Message& message);

}  // namespace gusu::text
