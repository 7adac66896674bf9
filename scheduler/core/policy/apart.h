// Jobs that are kept off room which is free, because jobs are there with which they may share no
// node.
#pragma once

#include <optional>

#include "scheduler/core/policy/explain.h"
#include "scheduler/core/policy/held_places.h"

namespace gusu::core {

// For a job that finds no room; nullopt if there would be none either could all share nodes. Names
// no tenant but its own.
std::optional<Constraint> apart_constraint(const Asker& asker);

}  // namespace gusu::core
