// Who goes first. Between tenants right decides, priority only inside one.
#pragma once

#include <vector>

#include "scheduler/core/model/state.h"

namespace gusu::core {

// The lane of a job that has been served so much.
int lane_of(const Policy& policy, std::int64_t milli_gpu_ms);

// Of a waiting job.
JobTurn turn_of(const State& state, const Job& job);
// Expected work until the job's end, as far as the past tells, in half doublings.
int expected_work(const State& state, const Job& job, Time now);
// Lane and expected work of a job that comes into the queue.
void rank(const State& state, const Job& job, Time now, Waiting& waiting);

// Where a tenant stands with a job of this need placed.
TenantTurn turn_of(const State& state, TenantId tenant, const GpuNeed& need);
const std::vector<TenantId>& from_the_top(const State& state, TenantId tenant);
// What a job needs if it gets the accelerators it prefers.
GpuNeed preferred_need(const State& state, const Demand& demand);

// What a job has been served, until now.
std::int64_t served(const Job& job, Time now);
// When a running job comes into the lane after its present one; kNever if it stays.
Time next_lane_at(const Policy& policy, const Job& running, Time now);

}  // namespace gusu::core
