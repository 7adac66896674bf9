#include "scheduler/core/policy/windows.h"

#include <algorithm>

namespace gusu::core {

std::optional<Duration> stay_of(const Policy& policy, const Demand& demand) {
    if (demand.preemption == Preemption::Forbidden) {
        return demand.time_limit;
    }
    return std::min(demand.time_limit.value_or(policy.runs_at_least), policy.runs_at_least);
}

bool is_entitled(const State& state, TenantId tenant, TenantId owner) {
    const std::vector<TenantId>& lineage = state.tenant(tenant)->lineage;
    return owner && std::ranges::find(lineage, owner) != lineage.end();
}

TenantId entitlement_of(const State& state, TenantId tenant) {
    TenantId nearest;
    std::size_t deepest = 0;
    for (const auto& [name, reservation] : state.reservations()) {
        const Tenant* owner = state.tenant(reservation.tenant);
        if (owner != nullptr && owner->lineage.size() > deepest &&
            is_entitled(state, tenant, owner->id)) {
            nearest = owner->id;
            deepest = owner->lineage.size();
        }
    }
    return nearest;
}

const Window* window_in_the_way(const State& state, const Demand& demand, NodeId node, Time now) {
    const auto found = state.windows().find(node);
    if (found == state.windows().end()) {
        return nullptr;
    }
    const std::optional<Duration> stay = stay_of(state.policy(), demand);
    for (const Window& window : found->second) {
        const bool gone_before = window.begins > now && stay && now + *stay <= window.begins;
        if (!gone_before && !is_entitled(state, demand.tenant, window.tenant)) {
            return &window;
        }
    }
    return nullptr;
}

Time ends_by(const Job& placed, Time now) {
    const auto& here = std::get<Placed>(placed.state);
    const auto& limit = placed.demand().time_limit;
    return limit ? here.running_since.value_or(now) + *limit : kNever;
}

}  // namespace gusu::core
