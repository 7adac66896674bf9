// What must hold of every state, whatever happened.
#pragma once

#include <string>
#include <vector>

#include "scheduler/core/scheduler.h"

namespace gusu::testing {

// One line for each invariant that does not hold after a step at `now`; empty if all is well.
std::vector<std::string> broken_invariants(core::Scheduler& scheduler, Time now);

// As bytes: equal for equal states and equal events.
std::string bytes_of(const core::State& state);
std::string wire_bytes(const core::Events& events);

}  // namespace gusu::testing
