// When nodes that are out of touch are given up.
//
// One node that falls silent has a fault of its own: it is given up when its lease ends. When many
// do so together it is more likely that the scheduler, or the network around it, is at fault, and
// giving them up would start their jobs anew, and stop others for them, on the few nodes that are
// left. So all that are out of touch then are waited for longer (as Kubernetes' node controller
// does where a whole zone is disrupted), also when some of them come back meanwhile.
#pragma once

#include "scheduler/core/event.h"
#include "scheduler/core/model/state.h"

namespace gusu::core {

// The lease of the node has ended: it is not to be given up yet.
bool must_await(const State& state, NodeId node);

// All that are out of touch get more time, once.
Events nodes_awaited(const State& state, Time now);

struct Awaited {
    int nodes = 0;
    Time until = kNever;  // the first of them
};
// Nodes that would have been given up by now, or soon, if they were not so many.
Awaited awaited(const State& state);

}  // namespace gusu::core
