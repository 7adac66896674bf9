// What stands in the way when no place is free, and what would find one.
#pragma once

#include <string>
#include <vector>

#include "scheduler/core/policy/explain.h"
#include "scheduler/core/policy/held_places.h"

namespace gusu::core {

// For a job that finds no room. Names no other tenant: how much others hold is said,
// who they are is not.
Constraint capacity_constraint(const Asker& asker);

// Smaller requests that would start now, as options of `gusu submit`.
std::vector<std::string> smaller_that_start(const Asker& asker);

}  // namespace gusu::core
