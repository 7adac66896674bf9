// A place that is kept for the first waiting job of a shape until running jobs have ended.
#pragma once

#include <vector>

#include "scheduler/core/model/job.h"

namespace gusu::core {

struct HeldPlace {
    JobId job;
    Time looked;  // when it was chosen
    Time from;    // by then it is free, as far as time limits tell
    // Empty: no such place is known, and none is looked for before `from`.
    std::vector<PlacedTask> tasks = {};
    bool is_late = false;  // that time has come once, and it was not free
};

}  // namespace gusu::core
