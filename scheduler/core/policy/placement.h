// Where a job fits. A gang is placed whole or not at all.
//
// Several tasks of a group go to as few nodes as hold them, and single tasks to the fullest node
// with room, so that whole nodes stay free for large jobs. Where it matters which of the free
// devices, CPUs and memory stay together, a single task goes where the least is lost to what others
// ask for here: model/typical_tasks.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scheduler/core/policy/plan.h"
#include "scheduler/core/policy/quota.h"
#include "scheduler/core/policy/rooms.h"

namespace gusu::core {

// Where the demand can be, or which gate is closed: a tenant's limit, or capacity.
struct Placement {
    std::vector<PlacedTask> tasks;  // by rank; not empty if it can be placed
    Parked closed;
    std::optional<LimitClosed> limit;

    bool found() const { return !tasks.empty(); }
};

Placement place(const Demand& demand, Plan plan);

// Accelerators a group may use, in order of preference; {""} if it needs none.
std::vector<std::string> choices(const State& state, const TaskGroup& group);

}  // namespace gusu::core
