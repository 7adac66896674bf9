// The user's own file of what a container says: named as the container sees it, and opened on the
// node, beneath the mount that it is in and with no more rights than the container's user has.
#pragma once

#include <string>

#include "agent/container/order.h"
#include "agent/supervisor/descriptor.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

// Not open for "" and /dev/null. Gives up the process's other groups.
Result<Descriptor> open_output_copy(const ContainerOrder& order, const std::string& path);

}  // namespace gusu::agent
