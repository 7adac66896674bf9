#include "scheduler/core/policy/claim.h"

#include <algorithm>

#include "scheduler/core/policy/order.h"

namespace gusu::core {
namespace {

// What a stop costs besides the work that is lost.
constexpr Duration kRestart{60'000};
constexpr int kMostDoublings = 10;
// Who is stopped by right of the lane is expected to need more than twice the work of who comes.
constexpr int kHalfDoublingsLonger = 3;

// Milli-GPUs of the tasks that stay; of others nothing more is lost.
std::int64_t at_stake(const Job& job, const Placed& placed) {
    if (!job.demand().is_elastic() && job.demand().sharing == Sharing::Shared) {
        return job.demand().total().milli_gpus.units();
    }
    std::int64_t sum = 0;
    for (const PlacedTask& task : placed.tasks) {
        sum += task.leaving ? 0 : task.milli_gpus();
    }
    return sum;
}

}  // namespace

Claim::Claim(const State& state, const Job& beneficiary, GpuNeed need, Time now)
    : state_(state),
      now_(now),
      need_(std::move(need)),
      path_(from_the_top(state, beneficiary.demand().tenant)),
      lane_(std::get<Waiting>(beneficiary.state).lane),
      work_(std::get<Waiting>(beneficiary.state).work) {}

std::optional<StopRight> Claim::right_against(TenantId holder, const std::string& accelerator,
                                              const ExpectedUse& expected) const {
    const std::vector<TenantId>& other = from_the_top(state_, holder);
    const auto [mine, theirs] = std::ranges::mismatch(path_, other);
    if (mine == path_.end() && theirs == other.end()) {
        return StopRight{};
    }
    if (mine == path_.end() || theirs == other.end()) {
        return std::nullopt;  // one is above the other: what it holds is the other's own
    }
    for (auto tenant = theirs; tenant != other.end(); ++tenant) {
        if (expected.borrowed(*tenant, accelerator).is_zero()) {
            return std::nullopt;
        }
    }
    const bool owns = expected.owns(*mine, need_);
    return StopRight{.of_guarantee = owns,
                     .over = owns ? expected.borrowed(*theirs, accelerator).units() : 0};
}

bool Claim::passes(const Stoppable& running) const {
    return is_lower_than(-running.lane_down) && running.work >= work_ + kHalfDoublingsLonger;
}

std::optional<Candidate> Claim::reach(const Job& running, const ExpectedUse& expected) const {
    const auto& placed = std::get<Placed>(running.state);
    const auto right =
        right_against(running.demand().tenant, placed.tasks.front().accelerator, expected);
    if (!right || (!right->of_guarantee && !passes(*placed.stoppable))) {
        return std::nullopt;
    }
    return Candidate{.job = &running,
                     .over = right->over,
                     .lane = -placed.stoppable->lane_down,
                     .cost = cost_of(running)};
}

std::int64_t Claim::cost_of(const Job& running) const {
    const auto today = std::ranges::count_if(running.past, [&](const PastAttempt& attempt) {
        return attempt.ending.reason == EndReason::Preempted && attempt.ended + kHalfLife > now_;
    });
    const auto& placed = std::get<Placed>(running.state);
    const Time saved = std::max(placed.since, placed.checkpointed.value_or(placed.since));
    const std::int64_t lost = (now_ - saved + kRestart).count() / 1000;
    return at_stake(running, placed) * lost << std::min<std::int64_t>(today, kMostDoublings);
}

}  // namespace gusu::core
