// Starts the task's main program with everything the order asks for, and knows whether it came to
// run: the program's own code has begun, or there is a sentence that says why not.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "agent/cgroup/cgroup.h"
#include "agent/supervisor/descriptor.h"
#include "agent/supervisor/records.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

struct Launched {
    pid_t pid = 0;  // the leader of its own process group
    Descriptor output;
    Descriptor error;        // not open: stderr goes to `output`
    Descriptor output_copy;  // the user's files, opened as the user; not open: none
    Descriptor error_copy;
};

// For a process with one thread. `cgroup` may be null.
Result<Launched> launch(const SupervisorOrder& order, const Cgroup* cgroup);

}  // namespace gusu::agent
