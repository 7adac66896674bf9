// First come, first served: what every scheduler must beat, and how we know that the simulator's
// time, gangs and report are right, as others have measured the same.
//
// A job goes to the fullest node that has room, the first of equals; a larger one to the first
// nodes that are wholly free. Nothing is preempted.
#pragma once

#include "scheduler/base/result.h"
#include "tools/sim/replayed.h"
#include "tools/sim/site.h"
#include "tools/sim/trace.h"

namespace gusu::sim {

// With Policy::Fifo a job that does not fit holds up all that came later to the same nodes; with
// Policy::FifoSkip those that fit pass it, and nothing is kept for it.
Result<Replayed> replay_baseline(const Trace& trace, const Site& site, Policy policy,
                                 Curves curves);

}  // namespace gusu::sim
