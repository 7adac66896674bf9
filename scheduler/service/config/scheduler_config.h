// /etc/gusu/scheduler.yaml: read, completed with the defaults, and checked.
//
// A relative path in it is relative to the folder the file is in. Errors name the file, the field,
// the value and what is allowed, and the line and column where the reader knows them; all that is
// wrong with the values is told at once, one line each.
#pragma once

#include <filesystem>

#include "gusu/config/v1/scheduler.pb.h"
#include "scheduler/base/result.h"
#include "scheduler/core/model/policy.h"

namespace gusu::service {

// What it gives is complete: every field that has a default is set, every path absolute, and the
// catalogue is in `accelerators`.
Result<config::v1::SchedulerConfig> load_scheduler_config(const std::filesystem::path& file);

// Of a checked configuration.
core::Policy to_policy(const config::v1::PolicyConfig& config);

// For --check-config: what load_scheduler_config refuses, and certificate files that cannot work.
// Changes nothing.
Status check_scheduler_config(const std::filesystem::path& file);

}  // namespace gusu::service
