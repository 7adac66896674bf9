#include "scheduler/core/policy/order.h"

#include <algorithm>

#include "scheduler/core/policy/placement.h"
#include "scheduler/core/policy/quota.h"

namespace gusu::core {
namespace {

constexpr std::int64_t kMilliGpuMsPerGpuHour = std::int64_t{1000} * 3'600'000;
constexpr std::int64_t kPartsOfGuarantee = 16;

// Of groups that ask for whole nodes the least that these have.
std::int64_t asked_gpus(const State& state, const Demand& demand, const TaskGroup& group,
                        const std::string& accelerator) {
    const std::int64_t asked = group.per_task.milli_gpus.times(group.tasks).units();
    return demand.sharing == Sharing::Shared
               ? asked
               : std::max(asked, whole_nodes_at_least(state, group, accelerator).units());
}

}  // namespace

int lane_of(const Policy& policy, std::int64_t milli_gpu_ms) {
    int lane = 0;
    for (const std::int64_t hours : policy.lane_bounds_gpu_hours) {
        lane += milli_gpu_ms >= hours * kMilliGpuMsPerGpuHour ? 1 : 0;
    }
    return lane;
}

JobTurn turn_of(const State& state, const Job& job) {
    const Waiting& waiting = std::get<Waiting>(job.state);
    const int lift = state.aged().contains(job.id) ? 1 : 0;
    return {.lane = std::max(0, waiting.lane - lift), .work = waiting.work, .job = job.id};
}

int expected_work(const State& state, const Job& job, Time now) {
    const Series series = series_of(job.demand().tenant, job.spec->user, job.spec->name);
    const std::int64_t asked = std::max<std::int64_t>(job.demand().total().milli_gpus.units(), 1);
    const bool whole_nodes = job.demand().sharing == Sharing::Exclusive;
    const Duration age{served(job, now) /
                       std::max<std::int64_t>(whole_nodes ? milli_gpus(job) : asked, 1)};
    return static_cast<int>(log2_in_64ths(state.history().expected_work(series, asked, age)) / 32);
}

void rank(const State& state, const Job& job, Time now, Waiting& waiting) {
    const Series series = series_of(job.demand().tenant, job.spec->user, job.spec->name);
    const std::int64_t by_series = state.history().served(series, now) * 1000;
    waiting.lane = lane_of(state.policy(), std::max(job.milli_gpu_ms, by_series));
    waiting.work = expected_work(state, job, now);
}

TenantTurn turn_of(const State& state, TenantId id, const GpuNeed& need) {
    const Tenant& tenant = *state.tenant(id);
    TenantTurn turn{
        .borrows = borrowed_with(tenant, need) > borrowed(tenant), .share = 0, .tenant = id};
    if (turn.borrows) {
        turn.share = tenant.borrowed.level();
        return turn;
    }
    Amount guarantee;
    for (const auto& [accelerator, quota] : tenant.quotas) {
        guarantee += quota.guaranteed;
    }
    turn.share = used(tenant, kAnyAccelerator).units() * kPartsOfGuarantee /
                 std::max<std::int64_t>(1, guarantee.units());
    return turn;
}

const std::vector<TenantId>& from_the_top(const State& state, TenantId tenant) {
    return state.tenant(tenant)->lineage;
}

GpuNeed preferred_need(const State& state, const Demand& demand) {
    GpuNeed need;
    for (const TaskGroup& group : demand.groups) {
        const auto names = choices(state, group);
        if (!group.per_task.milli_gpus.is_zero() && !names.empty()) {
            need[names.front()] += Amount(asked_gpus(state, demand, group, names.front()));
        }
    }
    return need;
}

std::int64_t served(const Job& job, Time now) {
    const auto* placed = std::get_if<Placed>(&job.state);
    if (placed == nullptr) {
        return job.milli_gpu_ms;
    }
    return job.milli_gpu_ms + (job.demand().is_elastic()
                                   ? milli_gpu_ms(placed->tasks, placed->since, now)
                                   : milli_gpus(job) * (now - placed->since).count());
}

Time next_lane_at(const Policy& policy, const Job& running, Time now) {
    const std::int64_t held = milli_gpus(running);
    const std::int64_t had = served(running, now);
    for (const std::int64_t hours : policy.lane_bounds_gpu_hours) {
        const std::int64_t bound = hours * kMilliGpuMsPerGpuHour;
        if (held > 0 && had < bound) {
            return now + Duration((bound - had + held - 1) / held);
        }
    }
    return kNever;
}

}  // namespace gusu::core
