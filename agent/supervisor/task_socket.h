// A socket in a folder of a task's, for whoever may enter that folder.
#pragma once

#include <string>

#include "agent/supervisor/descriptor.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

// In place of one that was there. Neither it nor what it accepts blocks anybody. InvalidArgument if
// the path is too long for a socket.
Result<Descriptor> listen_at(const std::string& path, int backlog);

}  // namespace gusu::agent
