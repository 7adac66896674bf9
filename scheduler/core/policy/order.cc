#include "scheduler/core/policy/order.h"

#include "scheduler/core/policy/quota.h"

namespace gusu::core {

TenantRank rank_of(const State& state, TenantId tenant, JobId first_job) {
    const Tenant* own = state.tenant(tenant);
    const Tenant* top = own;
    while (top->parent) {
        top = state.tenant(top->parent);
    }
    return TenantRank{.borrowed_at_top = borrowed(*top).units(),
                      .borrowed = borrowed(*own).units(),
                      .first_job = first_job};
}

ClassRank rank_of(const Demand& demand, const PendingClass& jobs) {
    return ClassRank{
        .priority_down = static_cast<int>(Priority::High) - static_cast<int>(demand.priority),
        .first_job = *jobs.jobs.begin()};
}

}  // namespace gusu::core
