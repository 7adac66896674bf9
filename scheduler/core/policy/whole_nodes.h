// Guarantees in whole nodes: a guarantee in GPUs alone gives nobody eight of them on one node
// ("HiveD", Zhao et al., OSDI 2020).
//
// A node can still be given whole to a tenant if no firm job of others is there: all other jobs can
// be stopped, or end within the time limit of short jobs (as with lending, see is_firm() in
// policy/quota.h). At every level of the tenants' tree what is guaranteed and not held already must
// be there in nodes that nobody holds. A firm job may go where that stays so, or where it takes
// nothing from it; a tenant within its own guarantee therefore always may. Nodes guaranteed whole
// are lent to jobs that can be stopped or are short, and to no others, whatever is lendable.
//
// Where the guarantee cannot be met anyway, as nodes are out of service, no firm job makes it
// worse.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scheduler/core/model/state.h"
#include "scheduler/core/policy/confines.h"

namespace gusu::core {

// Why a place would take a node that is kept whole: the numbers as they are without it.
struct WholeNodesKept {
    std::string accelerator;
    int could_be_given = 0;  // nodes that nobody holds
    int guaranteed = 0;      // of these, to tenants that have not got them yet
};

// Whether such a job has to leave nodes whole at all; no if nobody is guaranteed any.
bool leaves_nodes_whole(const State& state, const Demand& demand);
// What would be taken by this place; none if nothing.
std::optional<WholeNodesKept> whole_nodes_taken(const State& state, const Demand& demand,
                                                const std::vector<PlacedTask>& tasks);
// Nodes that the job may not take, or only so many of them.
void keep_whole_nodes(const State& state, const Demand& demand, Confines& confines);

// Nodes that are guaranteed whole, and could not be given: none while all is well.
int whole_nodes_missing(const State& state);

// The nearest tenant, it or above it, that is guaranteed whole nodes. Jobs of tenants with the same
// one are alike to all of this.
TenantId guaranteed_whole_nodes(const State& state, TenantId tenant);

}  // namespace gusu::core
