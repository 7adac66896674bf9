// The control group of a task, as its order asks for it.
#pragma once

#include <optional>

#include "agent/cgroup/cgroup.h"
#include "agent/supervisor/records.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

// None if the order asks for none, or where none can be made. A task that should have a device
// filter does not run without it: that is an error.
Result<std::optional<Cgroup>> make_task_group(const SupervisorOrder& order);

}  // namespace gusu::agent
