// Who goes first. Between tenants right decides, priority only inside one.
#pragma once

#include <compare>
#include <cstdint>

#include "scheduler/core/model/state.h"

namespace gusu::core {

// Order between tenants, the smallest first: by what each would have borrowed with its next job
// placed, so that jobs within a guarantee come before all others; at the top of the tree, then
// below; then who came first.
struct TenantRank {
    std::int64_t borrowed_at_top = 0;  // milli-GPUs
    std::int64_t borrowed = 0;
    JobId first_job;

    friend auto operator<=>(const TenantRank&, const TenantRank&) = default;
};

TenantRank rank_of(const State& state, const Demand& next, JobId first_job);

// Order inside a tenant, the smallest first: priority class, then first come.
struct ClassRank {
    int priority_down = 0;  // 0 is the highest
    JobId first_job;

    friend auto operator<=>(const ClassRank&, const ClassRank&) = default;
};

ClassRank rank_of(const Demand& demand, const PendingClass& jobs);

}  // namespace gusu::core
