// Jobs that are kept off room which is free, because the nodes that have it are reserved, will be
// drained, or are kept for a job that waits for the rest of its place.
#pragma once

#include <optional>

#include "scheduler/core/policy/explain.h"
#include "scheduler/core/policy/held_places.h"

namespace gusu::core {

// For a job that finds no room; nullopt if there would be none either were nothing reserved or
// kept. Names no tenant.
std::optional<Constraint> reserved_constraint(const Asker& asker);

// Time limits with which a job would have ended before some window begins, or some place is needed;
// the longest first.
std::vector<Duration> limits_in_time(const State& state, Time now);

// "n1, n2, n3, n4, ..."
std::string named(const std::set<std::string>& nodes);

}  // namespace gusu::core
