// What stands in the way when no place is free, and what would find one.
#pragma once

#include <string>
#include <vector>

#include "scheduler/core/policy/explain.h"

namespace gusu::core {

// For a demand that place() finds no room for. Names no other tenant: how much others hold is said,
// who they are is not.
Constraint capacity_constraint(const State& state, const Demand& demand, Time now);

// Smaller requests that would start now, as options of `gusu submit`.
std::vector<std::string> smaller_that_start(const State& state, const Demand& demand, Time now);

}  // namespace gusu::core
