// Where this program is: in which task of which job. From the task's environment.
#pragma once

#include <string>

#include "scheduler/base/result.h"

namespace gusu::agent {

struct Place {
    std::string socket;   // of the agent, for this task
    std::string scratch;  // of this task
    int task = 0;
    int tasks = 1;
};

// FailedPrecondition outside of a task.
Result<Place> place_of_this_task();

}  // namespace gusu::agent
