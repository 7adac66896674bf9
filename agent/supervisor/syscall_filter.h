// Which system calls a task may make, for the kernel's seccomp: all but those that no job needs and
// that reach the machine or other tasks. README.md says which, and why.
#pragma once

#include <string>

namespace gusu::agent {

// For good, for this process and all it starts, which must have given up new privileges. Gives the
// reason why it cannot, or "".
std::string filter_syscalls();

}  // namespace gusu::agent
