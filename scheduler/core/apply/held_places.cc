// When running jobs end at the latest, and places that are kept until then.
#include "scheduler/core/apply/apply.h"

namespace gusu::core {

void State::Apply::note_end(const Job& placed) {
    if (const Time end = expected_end(placed); end != kNever) {
        state.ends_.insert({end, placed.id});
    }
}

void State::Apply::forget_end(const Job& placed) {
    state.ends_.erase({expected_end(placed), placed.id});
}

void State::Apply::let_go(JobId job) {
    const auto found = state.held_places_.find(job);
    if (found == state.held_places_.end()) {
        return;
    }
    const std::vector<PlacedTask> tasks = std::move(found->second.tasks);
    state.held_places_.erase(found);
    for (const PlacedTask& task : tasks) {
        offer(node(task.node));
    }
}

void State::let_go(JobId job) { Apply{*this, last_event_}.let_go(job); }

}  // namespace gusu::core
