// Jobs that are kept off room which is free, because the nodes that have it are reserved or will be
// drained.
#pragma once

#include <optional>

#include "scheduler/core/policy/explain.h"

namespace gusu::core {

// For a demand that place() finds no room for; nullopt if there would be none either were nothing
// reserved. Names no tenant.
std::optional<Constraint> reserved_constraint(const State& state, const Demand& demand, Time now);

// Time limits with which a job would have ended before some window begins, the longest first.
std::vector<Duration> limits_before_windows(const State& state, Time now);

}  // namespace gusu::core
