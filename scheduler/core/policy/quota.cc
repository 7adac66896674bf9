#include "scheduler/core/policy/quota.h"

#include <algorithm>

namespace gusu::core {
namespace {

enum class Counting { WithUse, FromNothing };

std::optional<LimitClosed> first_closed(const State& state, TenantId tenant, const GpuNeed& need,
                                        Counting counting) {
    for (const Tenant* t = state.tenant(tenant); t != nullptr; t = state.tenant(t->parent)) {
        for (const auto& [accelerator, asked] : need) {
            const auto quota = t->quotas.find(accelerator);
            if (quota == t->quotas.end() || !quota->second.limit) {
                continue;
            }
            const Amount limit = *quota->second.limit;
            const Amount in_use = counting == Counting::WithUse ? used(*t, accelerator) : Amount{};
            if (in_use + asked > limit) {
                return LimitClosed{.tenant = t->id,
                                   .accelerator = accelerator,
                                   .limit = limit,
                                   .used = in_use,
                                   .asked = asked};
            }
        }
    }
    return std::nullopt;
}

}  // namespace

Amount whole_nodes_at_least(const State& state, const TaskGroup& group,
                            const std::string& accelerator) {
    const int devices = Ask::of(group).devices;
    const int nodes = group.spread == Spread::DistinctNodes ? group.tasks : 1;
    return devices == 0
               ? Amount{}
               : Amount(kWholeDevice).times(nodes * state.smallest_node(accelerator, devices));
}

GpuNeed certain_need(const State& state, const Demand& demand) {
    GpuNeed need;
    for (const TaskGroup& group : demand.groups) {
        Amount gpus = group.per_task.milli_gpus.times(group.tasks);
        if (demand.sharing == Sharing::Exclusive && group.accelerators.size() == 1) {
            gpus = std::max(gpus, whole_nodes_at_least(state, group, group.accelerators.front()));
        }
        if (!gpus.is_zero()) {
            need[kAnyAccelerator] += gpus;
        }
        if (!gpus.is_zero() && group.accelerators.size() == 1) {
            need[group.accelerators.front()] += gpus;
        }
    }
    return need;
}

std::optional<LimitClosed> limit_closed(const State& state, TenantId tenant, const GpuNeed& need) {
    return first_closed(state, tenant, need, Counting::WithUse);
}

std::optional<LimitClosed> limit_closed_always(const State& state, TenantId tenant,
                                               const GpuNeed& need) {
    return first_closed(state, tenant, need, Counting::FromNothing);
}

Amount lendable(const Policy& policy, const Quota& quota) {
    return quota.lendable.value_or(Amount(quota.guaranteed.units() * policy.lendable_milli / 1000));
}

bool is_firm(const Policy& policy, const Demand& demand) {
    const bool is_short = demand.time_limit && *demand.time_limit <= policy.short_job;
    return demand.preemption == Preemption::Forbidden && !is_short;
}

Amount firm_use(const Tenant& tenant, const std::string& accelerator) {
    const auto found = tenant.firm.find(accelerator);
    return found == tenant.firm.end() ? Amount{} : found->second;
}

Amount kept_back(const State& state, const Tenant& tenant, const std::string& accelerator,
                 Amount more) {
    const auto quota = tenant.quotas.find(accelerator);
    if (quota == tenant.quotas.end()) {
        return Amount{};
    }
    return quota->second.guaranteed.minus_at_most(lendable(state.policy(), quota->second))
        .minus_at_most(firm_use(tenant, accelerator) + more);
}

std::optional<LendingClosed> lending_closed(const State& state, const Demand& demand,
                                            const GpuNeed& need) {
    if (!is_firm(state.policy(), demand)) {
        return std::nullopt;
    }
    const Tenant& top = *state.tenant(state.tenant(demand.tenant)->lineage.front());
    if (borrowed_with(top, need) == borrowed(top)) {
        return std::nullopt;
    }
    for (const auto& [accelerator, asked] : need) {
        if (accelerator == kAnyAccelerator) {
            continue;
        }
        const FirmUse firm = state.firm_use(accelerator);
        const Amount taken = firm.used + firm.kept_back - kept_back(state, top, accelerator) +
                             kept_back(state, top, accelerator, asked);
        const auto there = state.gpus().find(accelerator);
        const Amount all = there == state.gpus().end() ? Amount{} : there->second;
        const Amount left = all.minus_at_most(taken);
        // Where firm jobs leave too little anyway, room is what is missing.
        if (asked > left && asked <= all.minus_at_most(firm.used)) {
            return LendingClosed{.accelerator = accelerator, .asked = asked, .left = left};
        }
    }
    return std::nullopt;
}

std::optional<TenantId> suspended_tenant(const State& state, TenantId tenant) {
    for (const Tenant* t = state.tenant(tenant); t != nullptr; t = state.tenant(t->parent)) {
        if (t->description.status == TenantStatus::Suspended) {
            return t->id;
        }
    }
    return std::nullopt;
}

std::optional<TenantId> tenant_with_all_jobs_running(const State& state, TenantId tenant) {
    for (const Tenant* t = state.tenant(tenant); t != nullptr; t = state.tenant(t->parent)) {
        const int limit = t->description.max_running_jobs;
        if (limit > 0 && t->running_jobs >= limit) {
            return t->id;
        }
    }
    return std::nullopt;
}

Amount used(const Tenant& tenant, const std::string& accelerator) {
    const auto found = tenant.used.find(accelerator);
    return found == tenant.used.end() ? Amount{} : found->second;
}

Amount guaranteed(const Tenant& tenant, const std::string& accelerator) {
    const auto found = tenant.quotas.find(accelerator);
    return found == tenant.quotas.end() ? Amount{} : found->second.guaranteed;
}

Amount beyond_guarantee(const Tenant& tenant, const GpuNeed& use, const GpuNeed& more) {
    Amount sum;
    const auto add = [&](const std::string& accelerator, Amount in_use) {
        if (accelerator != kAnyAccelerator) {
            sum += in_use.minus_at_most(guaranteed(tenant, accelerator));
        }
    };
    for (const auto& [accelerator, in_use] : use) {
        const auto besides = more.find(accelerator);
        add(accelerator, besides == more.end() ? in_use : in_use + besides->second);
    }
    for (const auto& [accelerator, gpus] : more) {
        if (!use.contains(accelerator)) {
            add(accelerator, gpus);
        }
    }
    return sum.minus_at_most(guaranteed(tenant, kAnyAccelerator));
}

Amount borrowed_with(const Tenant& tenant, const GpuNeed& need) {
    return beyond_guarantee(tenant, tenant.used, need);
}

bool borrows_of(const Tenant& tenant, const std::string& accelerator, const GpuNeed& use) {
    const auto found = use.find(accelerator);
    return found != use.end() && found->second > guaranteed(tenant, accelerator) &&
           !beyond_guarantee(tenant, use).is_zero();
}

Amount lent(const State& state, const Tenant& tenant, const std::string& accelerator, Amount free) {
    const Amount idle = guaranteed(tenant, accelerator).minus_at_most(used(tenant, accelerator));
    Amount idle_of_all;
    for (const auto& [id, each] : state.tenants()) {
        if (!each.parent) {
            idle_of_all += guaranteed(each, accelerator).minus_at_most(used(each, accelerator));
        }
    }
    // Free devices serve idle guarantees first; what they do not cover is in the hands of others.
    const Amount missing = idle_of_all.minus_at_most(free);
    if (idle_of_all.is_zero()) {
        return Amount{};
    }
    return Amount(missing.units() * idle.units() / idle_of_all.units());
}

}  // namespace gusu::core
