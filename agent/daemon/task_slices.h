// The slices of GPUs in MIG mode that tasks have: made before a task starts, gone when nothing of
// it is left. Which slice is whose stands in a file of the task's folder, so that an agent that
// dies leaves none behind for good.
#pragma once

#include <set>
#include <string>

#include "agent/daemon/node_settings.h"
#include "agent/supervisor/records.h"

namespace gusu::agent {

// Makes the task's slice, if it has one of a real GPU, and lets the program see it and nothing else
// of the GPU.
Status give_slice(const NodeSettings& settings, const TaskKey& key, const v1::Launch& launch,
                  SupervisorOrder& order);
// An error while something still uses it.
Status take_slice_back(const NodeSettings& settings, const TaskKey& key);
// Those of no known task; names of tasks as in NodeSettings::task().
void remove_stray_slices(const NodeSettings& settings, const std::set<std::string>& known);

}  // namespace gusu::agent
