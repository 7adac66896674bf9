#include "scheduler/core/policy/order.h"

#include "scheduler/core/policy/placement.h"
#include "scheduler/core/policy/quota.h"

namespace gusu::core {
namespace {

// What a job needs if it gets the accelerators it prefers.
GpuNeed preferred_need(const State& state, const Demand& demand) {
    GpuNeed need;
    for (const TaskGroup& group : demand.groups) {
        const Amount gpus = group.per_task.milli_gpus.times(group.tasks);
        const auto names = choices(state, group);
        if (!gpus.is_zero() && !names.empty()) {
            need[names.front()] += gpus;
        }
    }
    return need;
}

}  // namespace

TenantRank rank_of(const State& state, const Demand& next, JobId first_job) {
    const Tenant* own = state.tenant(next.tenant);
    const Tenant* top = own;
    while (top->parent) {
        top = state.tenant(top->parent);
    }
    const GpuNeed need = preferred_need(state, next);
    return TenantRank{.borrowed_at_top = borrowed_with(*top, need).units(),
                      .borrowed = borrowed_with(*own, need).units(),
                      .first_job = first_job};
}

ClassRank rank_of(const Demand& demand, const PendingClass& jobs) {
    return ClassRank{
        .priority_down = static_cast<int>(Priority::High) - static_cast<int>(demand.priority),
        .first_job = *jobs.jobs.begin()};
}

}  // namespace gusu::core
