// How tasks went on their nodes: what of it speaks for a node that fails all jobs is remembered
// until one does well there. Only a rule that is on remembers anything.
#include <algorithm>

#include "scheduler/core/apply/apply.h"

namespace gusu::core {
namespace {

constexpr std::size_t kMostRemembered = 16;
// What failed longer ago says nothing of the node as it is.
constexpr Duration kRememberedFor{3'600'000};
// Between two looks at suspects: what speaks for them comes from all nodes.
constexpr Duration kJudgedEvery{5'000};

// A node may be why.
bool may_be_the_nodes(EndReason reason) {
    return reason == EndReason::ExitCode || reason == EndReason::DeviceFault ||
           reason == EndReason::LaunchFailed;
}

}  // namespace

Time State::next_judgement() const {
    if (suspects_.empty()) {
        return kNever;
    }
    return judged_ ? *judged_ + kJudgedEvery : Time{};
}

void State::suspects_are_judged(Time now) {
    suspects_.clear();
    judged_ = now;
}

void State::Apply::note_how_it_went(const Job& ended, const PlacedTask& task, Time began) {
    const BlackHoleRule& rule = state.policy_.black_hole;
    const EndReason reason = std::get<TaskEnded>(task.state).ending.reason;
    if (rule.jobs == 0 || task.leaving) {
        return;
    }
    Node& on = node(task.node);
    const Duration ran = at - began;
    if (reason == EndReason::Completed || ran > rule.within) {
        does_well(on);
        return;
    }
    // What a task does that is told to stop, or after another of its job has failed, is not its own
    // doing.
    const Placed& placed = std::get<Placed>(ended.state);
    const auto failures = std::ranges::count_if(placed.tasks, [](const PlacedTask& each) {
        const auto* end = std::get_if<TaskEnded>(&each.state);
        return end != nullptr && end->ending.reason != EndReason::Completed && !each.leaving;
    });
    if (placed.stopping || failures > 1 || !may_be_the_nodes(reason)) {
        return;
    }
    std::vector<FastFailure>& known = on.fast_failures;
    std::erase_if(known, [&](const FastFailure& each) {
        return each.job == ended.id || each.at + kRememberedFor < at;
    });
    if (known.size() == kMostRemembered) {
        known.erase(known.begin());
    }
    known.push_back({.job = ended.id, .at = at, .ran = ran});
    suspect(on);
}

void State::Apply::does_well(Node& well) {
    well.fast_failures.clear();
    state.suspects_.erase(well.id);
}

void State::Apply::suspect(const Node& suspected) {
    const auto enough = static_cast<std::size_t>(state.policy_.black_hole.jobs);
    if (enough > 0 && suspected.fast_failures.size() >= enough && !suspected.drained) {
        state.suspects_.insert(suspected.id);
    }
}

}  // namespace gusu::core
