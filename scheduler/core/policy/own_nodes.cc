#include "scheduler/core/policy/own_nodes.h"

#include <algorithm>

namespace gusu::core {

bool OwnNodes::may_take(const Plan& plan, const Demand& demand, const Node& node) {
    const Confines& confines = *plan.confines();
    if (nodes_.contains(node.id)) {
        return true;
    }
    if (confines.is_kept(node.id) && taken_of_kept(confines) >= confines.most_of_kept) {
        return false;
    }
    const bool is_limited = confines.empty_in && plan.view() == Plan::View::Now;
    if (is_limited && !is_within_limits(plan.state(), demand, with(node))) {
        return false;
    }
    take(node);
    return true;
}

void OwnNodes::take(const Node& node) {
    if (!nodes_.contains(node.id)) {
        need_ = with(node);
        nodes_.insert(node.id);
    }
}

std::size_t OwnNodes::taken_of_kept(const Confines& confines) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(nodes_, [&](NodeId node) { return confines.is_kept(node); }));
}

GpuNeed OwnNodes::with(const Node& node) const {
    GpuNeed need = need_;
    for (const DeviceDescription& device : node.description.devices) {
        need[device.accelerator] += Amount(kWholeDevice);
        need[kAnyAccelerator] += Amount(kWholeDevice);
    }
    return need;
}

bool OwnNodes::is_within_limits(const State& state, const Demand& demand, const GpuNeed& need) {
    if (auto closed = limit_closed(state, demand.tenant, need)) {
        limit = limit ? limit : closed;
        return false;
    }
    if (auto closed = lending_closed(state, demand, need)) {
        lending = lending ? lending : closed;
        return false;
    }
    return true;
}

}  // namespace gusu::core
