// Starts a program in a task that runs, beside its own: in the task's control group and namespaces,
// as its user, with its environment and behind its wall.
#pragma once

#include <sys/types.h>

#include "agent/enter/request.h"
#include "agent/enter/site.h"
#include "agent/supervisor/descriptor.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

struct Entered {
    pid_t pid = 0;      // the leader of its own session
    Descriptor input;   // not open: `output` is a terminal, and takes the input too
    Descriptor output;  // none of them blocks
    Descriptor error;   // not open: a terminal
};

// For a process with one thread, whose children are in the task's process namespace from then on.
Result<Entered> enter_task(const Site& site, const ProgramRequest& request);

}  // namespace gusu::agent
