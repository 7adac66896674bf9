// On which nodes a job may be, beyond what suits its tasks. Most jobs are not confined.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "scheduler/core/policy/plan.h"

namespace gusu::core {

struct Confines {
    // An exclusive job goes only where nothing is by this plan: what it puts there itself is in
    // nobody's way.
    std::optional<Plan> empty_in;
    // It takes at most so many of these nodes, which are kept whole for others.
    std::vector<NodeId> kept = {};  // ascending
    std::size_t most_of_kept = 0;

    bool is_kept(NodeId node) const { return std::ranges::binary_search(kept, node); }

    // As far as one node alone tells.
    bool allow(const Node& node) const {
        return (!empty_in || empty_in->is_untouched(node)) &&
               (most_of_kept > 0 || !is_kept(node.id));
    }
};

// The plan as a job of this demand may use it.
inline Plan confined(const Demand& demand, Plan plan) {
    if (demand.sharing == Sharing::Exclusive) {
        plan.confine(std::make_shared<Confines>(Confines{.empty_in = plan}));
    }
    return plan;
}

}  // namespace gusu::core
