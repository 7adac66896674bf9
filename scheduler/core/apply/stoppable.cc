// Running jobs that may be stopped for others: in which lane they are, and when that changes.
#include <algorithm>

#include "scheduler/core/apply/apply.h"
#include "scheduler/core/policy/order.h"

namespace gusu::core {
namespace {

// What has run for a quarter as long again is likely to need more; but it is not looked at more
// often.
constexpr Duration kLooksAgain{60000};

}  // namespace

void State::Apply::may_be_stopped(Job& running) {
    auto& placed = std::get<Placed>(running.state);
    placed.stoppable.reset();
    placed.turns_at = kNever;
    if (running.demand().preemption == Preemption::Forbidden || placed.stopping) {
        return;
    }
    placed.turns_at = placed.since + state.policy().runs_at_least;
    if (placed.turns_at <= at) {
        placed.stoppable = Stoppable{.lane_down = -lane_of(state.policy(), served(running, at)),
                                     .since_down = -to_milliseconds(placed.since),
                                     .job = running.id,
                                     .work = expected_work(state, running, at)};
        const Tenant& holder = tenant(running.demand().tenant);
        StoppableJobs& below = state.stoppable_[holder.lineage.front()];
        below.of[holder.id].insert(*placed.stoppable);
        ++below.in_lane[-placed.stoppable->lane_down];
        placed.turns_at = std::min(next_lane_at(state.policy(), running, at),
                                   at + std::max(kLooksAgain, (at - placed.since) / 4));
    }
    state.turning_.insert({placed.turns_at, running.id});
}

void State::Apply::may_no_longer_be_stopped(Job& running) {
    auto& placed = std::get<Placed>(running.state);
    state.turning_.erase({placed.turns_at, running.id});
    if (!placed.stoppable) {
        return;
    }
    const Tenant& holder = tenant(running.demand().tenant);
    const auto below = state.stoppable_.find(holder.lineage.front());
    const auto of_tenant = below->second.of.find(holder.id);
    of_tenant->second.erase(*placed.stoppable);
    if (of_tenant->second.empty()) {
        below->second.of.erase(of_tenant);
    }
    const auto lane = below->second.in_lane.find(-placed.stoppable->lane_down);
    if (--lane->second == 0) {
        below->second.in_lane.erase(lane);
    }
    if (below->second.of.empty()) {
        state.stoppable_.erase(below);
    }
    placed.stoppable.reset();
}

// It has run for long enough, or has come into another lane, or is expected to need more.
void State::Apply::turn(Job& running) {
    may_no_longer_be_stopped(running);
    may_be_stopped(running);
    for (const PlacedTask& task : std::get<Placed>(running.state).tasks) {
        hope_for_node(node(task.node), std::nullopt);
    }
}

bool State::Apply::some_may_be_stopped(const Tenant& holder) const {
    const auto below = state.stoppable_.find(holder.lineage.front());
    return below != state.stoppable_.end() &&
           (holder.children > 0 || below->second.of.contains(holder.id));
}

}  // namespace gusu::core
