// Replays a trace with the very core that schedules real clusters, under virtual time.
//
// At each moment that something happens, first the tasks that end then are observed, then the jobs
// that come then are submitted, in the order of the trace, then the core takes a step. Tasks run
// from the moment they are placed; when the core asks a job to stop, its tasks end at that moment,
// and the core steps again.
#pragma once

#include "scheduler/base/result.h"
#include "tools/sim/replayed.h"
#include "tools/sim/site.h"
#include "tools/sim/trace.h"

namespace gusu::sim {

Result<Replayed> replay_with_core(const Trace& trace, const Site& site, Curves curves);

}  // namespace gusu::sim
