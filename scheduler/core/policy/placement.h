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
#include "scheduler/core/policy/whole_nodes.h"

namespace gusu::core {

// An exclusive job goes only where nothing is, and keeps all that its tasks do not ask for. A job
// with a topology goes to one domain of it, see policy/domains.h; one that only prefers that, and
// does not wait for it, to any nodes where no domain has room.
//
// Where the demand can be, or which gate is closed: a tenant's limit, or capacity.
struct Placement {
    std::vector<PlacedTask> tasks;  // by rank; not empty if it can be placed
    Parked closed;
    std::optional<LimitClosed> limit;
    // Of exclusive jobs only: what whole nodes come to is more than is lent.
    std::optional<LendingClosed> lending = {};
    std::optional<WholeNodesKept> kept = {};  // there is room, on nodes kept whole for others

    bool found() const { return !tasks.empty(); }
};

Placement place(const Demand& demand, Plan plan);

// Accelerators a group may use, in order of preference; {""} if it needs none.
std::vector<std::string> choices(const State& state, const TaskGroup& group);

}  // namespace gusu::core
