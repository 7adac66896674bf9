// Who descends from a process.
#pragma once

#include <sys/types.h>

#include <vector>

namespace gusu::agent {

// Of a process with one thread: what another thread started comes to us when that process ends.
std::vector<pid_t> children_of(pid_t pid);
std::vector<pid_t> descendants_of(pid_t pid);

}  // namespace gusu::agent
