// Nodes that a confined job has taken so far, while it is placed.
#pragma once

#include <optional>
#include <set>

#include "scheduler/core/policy/confines.h"
#include "scheduler/core/policy/quota.h"

namespace gusu::core {

class OwnNodes {
public:
    // Whether the job may have tasks on the node too. Of nodes kept whole for others it has so many
    // at most; what an exclusive one holds by all its nodes is within limits, and lent. Takes it if
    // so.
    bool may_take(const Plan& plan, const Demand& demand, const Node& node);
    void take(const Node& node);

    // What was in the way of an exclusive job first.
    std::optional<LimitClosed> limit;
    std::optional<LendingClosed> lending;

private:
    std::size_t taken_of_kept(const Confines& confines) const;
    GpuNeed with(const Node& node) const;
    bool is_within_limits(const State& state, const Demand& demand, const GpuNeed& need);

    std::set<NodeId> nodes_;
    GpuNeed need_;  // of all of these as a whole
};

}  // namespace gusu::core
