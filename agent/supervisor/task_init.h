// The first process of a task's own process namespace. It stays out of the way: it takes leave of
// orphans, and when it ends, the kernel ends every process of the namespace.
//
// The program itself is no first process, so signals work on it as they do anywhere.
#pragma once

#include <sys/types.h>

#include "agent/supervisor/descriptor.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

struct TaskInit {
    pid_t pid = 0;
    Descriptor ready;  // gives a byte once it is as harmless as it will be; its end means it failed
};

// What this process starts from now on is in the new namespace. It ends with this process, which
// must have one thread.
Result<TaskInit> start_task_init();

}  // namespace gusu::agent
