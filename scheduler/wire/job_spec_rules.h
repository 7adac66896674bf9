// The parts of to_submission(), one a file.
#pragma once

#include "gusu/v1/job.pb.h"
#include "scheduler/core/command.h"
#include "scheduler/wire/field.h"

namespace gusu::wire {

// job_program.cc: name, command, script, environment, paths, image, comment, labels.
Problem check_program(const v1::JobSpec& spec, const Field& field);
// What only the agent and the user read.
std::string program_payload(const v1::JobSpec& spec);

// job_groups.cc
Result<std::vector<core::TaskGroup>> to_groups(const v1::JobSpec& spec, const Field& field);

// job_dependencies.cc
Result<std::vector<core::DependsOn>> to_dependencies(const v1::JobSpec& spec, const Field& field,
                                                     int position);

}  // namespace gusu::wire
