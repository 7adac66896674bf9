// What must hold of every state, whatever happened.
#pragma once

#include <string>
#include <vector>

#include "scheduler/core/scheduler.h"

namespace gusu::testing {

// One line for each invariant that does not hold after a step at `now`; empty if all is well.
std::vector<std::string> broken_invariants(core::Scheduler& scheduler, Time now);

// What is wrong with a placement, given the state before it; "" if nothing is, or it is another
// event.
std::string placed_in_the_way(const core::State& before, const core::Event& event);

// A state as bytes: equal states give equal bytes.
// What of a snapshot of one state is not in that of the other; "" if they are equal.
std::string difference(const core::State& a, const core::State& b);

}  // namespace gusu::testing
