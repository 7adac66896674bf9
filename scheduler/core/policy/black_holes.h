// Nodes that fail jobs fast are drained: one on which whatever starts fails at once is free again
// at once, and would take one job after the other until none waits.
//
// Many a job fails fast by itself, so a failure speaks for the node only if the same program has
// failed on no other node, or if it does well on another one and fails nowhere but where as many
// have failed in a row. Of the first kind, several users' are needed: whose jobs come alone, come
// to the same node one after the other.
#pragma once

#include "scheduler/core/model/state.h"

namespace gusu::core {

// The drains of those among the suspects that are to be; never the last node that takes work, nor
// more than the rule's share. What is looked at is bounded by counts.
Events black_holes(const State& state, Time now);

}  // namespace gusu::core
