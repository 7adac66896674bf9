// Running jobs that may be stopped for others: in which lane they are, and when that changes.
#include <algorithm>

#include "scheduler/core/apply/apply.h"
#include "scheduler/core/policy/order.h"

namespace gusu::core {

void State::Apply::may_be_stopped(const Job& running) {
    const auto& placed = std::get<Placed>(running.state);
    if (running.demand().preemption == Preemption::Forbidden || placed.stopping) {
        return;
    }
    const Stoppable stoppable{.lane_down = -lane_of(state.policy(), served(running, at)),
                              .since_down = -to_milliseconds(placed.since),
                              .job = running.id};
    const Tenant& holder = tenant(running.demand().tenant);
    state.stoppable_[holder.lineage.front()][holder.id].insert(stoppable);
    state.stoppable_by_job_[running.id] = stoppable;
    Time next = next_lane_at(state.policy(), running, at);
    const Time may_be_asked = placed.since + state.policy().runs_at_least;
    if (may_be_asked > at) {
        next = std::min(next, may_be_asked);
    }
    if (next != kNever) {
        state.turning_.insert({next, running.id});
    }
}

void State::Apply::may_no_longer_be_stopped(JobId id) {
    if (const auto found = state.stoppable_by_job_.find(id);
        found != state.stoppable_by_job_.end()) {
        const Tenant& holder = tenant(job(id).demand().tenant);
        const auto below = state.stoppable_.find(holder.lineage.front());
        const auto of_tenant = below->second.find(holder.id);
        of_tenant->second.erase(found->second);
        if (of_tenant->second.empty()) {
            below->second.erase(of_tenant);
        }
        if (below->second.empty()) {
            state.stoppable_.erase(below);
        }
        state.stoppable_by_job_.erase(found);
    }
}

}  // namespace gusu::core
