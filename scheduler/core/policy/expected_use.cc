#include "scheduler/core/policy/expected_use.h"

#include "scheduler/core/policy/order.h"
#include "scheduler/core/policy/quota.h"

namespace gusu::core {

ExpectedUse::ExpectedUse(const State& state) : state_(&state) {
    for (const auto& [id, nomination] : state.nominations()) {
        comes(state.job(id)->demand().tenant, gpus_held(nomination.tasks));
        for (const JobId victim : nomination.victims) {
            if (const Job* job = state.job(victim); job != nullptr && job->is_placed()) {
                leaves(*job);
            }
        }
        for (const Shrink& shrink : nomination.shrinks) {
            leaves(shrink);
        }
    }
}

void ExpectedUse::leaves(const Job& placed) {
    std::vector<PlacedTask> staying = std::get<Placed>(placed.state).tasks;
    std::erase_if(staying, [](const PlacedTask& task) { return task.leaving.has_value(); });
    leave(placed, gpus_held(staying));
}

void ExpectedUse::leaves(const Job& placed, int rank) {
    leave(placed,
          gpus_held({std::get<Placed>(placed.state).tasks[static_cast<std::size_t>(rank)]}));
}

void ExpectedUse::leaves(const Shrink& shrink) {
    if (const Job* job = state_->job_of(shrink.incarnation)) {
        for (const int rank : shrink.ranks) {
            leaves(*job, rank);
        }
    }
}

void ExpectedUse::leave(const Job& placed, const GpuNeed& gone) {
    for (const TenantId tenant : from_the_top(*state_, placed.demand().tenant)) {
        GpuNeed& use = change(tenant);
        for (const auto& [accelerator, gpus] : gone) {
            use[accelerator] = use[accelerator].minus_at_most(gpus);
        }
    }
}

void ExpectedUse::comes(TenantId leaf, const GpuNeed& need) {
    for (const TenantId tenant : from_the_top(*state_, leaf)) {
        GpuNeed& use = change(tenant);
        for (const auto& [accelerator, gpus] : need) {
            use[accelerator] += gpus;
        }
    }
}

const GpuNeed& ExpectedUse::use(TenantId tenant) const {
    for (const ExpectedUse* expected = this; expected != nullptr; expected = expected->before_) {
        const auto found = expected->changed_.find(tenant);
        if (found != expected->changed_.end()) {
            return found->second;
        }
    }
    return state_->tenant(tenant)->used;
}

GpuNeed& ExpectedUse::change(TenantId tenant) {
    const auto found = changed_.find(tenant);
    return found != changed_.end() ? found->second
                                   : changed_.emplace(tenant, use(tenant)).first->second;
}

bool ExpectedUse::owns(TenantId id, const GpuNeed& need) const {
    const Tenant& tenant = *state_->tenant(id);
    return !need.empty() &&
           beyond_guarantee(tenant, use(id), need) == beyond_guarantee(tenant, use(id));
}

Amount ExpectedUse::borrowed(TenantId id, const std::string& accelerator) const {
    const Tenant& tenant = *state_->tenant(id);
    const GpuNeed& in_use = use(id);
    return borrows_of(tenant, accelerator, in_use) ? beyond_guarantee(tenant, in_use) : Amount{};
}

}  // namespace gusu::core
