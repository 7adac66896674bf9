// Tenants of whose running jobs a waiting one has a right to have some stopped.
#pragma once

#include <vector>

#include "scheduler/core/policy/claim.h"
#include "scheduler/core/policy/exposure.h"

namespace gusu::core {

// What all plans of one moment see, and the work that was done, in jobs and tenants looked at.
struct PlanMoment {
    PlanMoment(const State& as_it_is, Time at)
        : state(as_it_is), now(at), expected(state), exposure(state, expected) {}

    const State& state;
    const Time now;
    const ExpectedUse expected;
    Exposure exposure;
    std::size_t work = 0;
};

struct Reachable {
    StopRight right;
    TenantId tenant;
    const std::set<Stoppable>* jobs = nullptr;
};

// Those first of whom is most over the guarantee; each once.
std::vector<Reachable> reachable(PlanMoment& moment, const Claim& claim);

}  // namespace gusu::core
