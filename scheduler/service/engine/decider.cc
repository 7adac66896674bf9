#include "scheduler/service/engine/decider.h"

#include <algorithm>
#include <utility>

#include "scheduler/service/engine/recorder.h"

namespace gusu::service {
namespace {

void release_all(std::vector<Release>& releases, const Status& durable) {
    for (Release& release : releases) {
        release(durable);
    }
    releases.clear();
}

}  // namespace

bool Decided::is_nothing() const {
    return batch.events.empty() && releases.empty() && effects.empty() && !snapshot;
}

void Decided::durable() {
    release_all(releases, Done{});
    release_all(effects, Done{});
}

void Decided::refuse(const Error& why) { release_all(releases, why); }

Result<Decided> Decider::lead(const std::vector<core::Command>& commands, Time now) {
    Decided first;
    for (const core::Command& command : commands) {
        const auto events = scheduler_.execute(command, now);
        if (!events) {
            return events.error();
        }
        happened(*events, first);
    }
    return first;
}

Decided Decider::decide(std::vector<Work> work, const Occasion& occasion) {
    Decided decided;
    missed_.reset();
    for (Work& each : work) {
        do_work(each, occasion, decided);
    }
    if (occasion.trouble.empty()) {
        step(occasion, decided);
    }
    for (const Listener& listener : listeners_) {
        if (Release effect = listener(scheduler_, decided.batch.events, occasion.now)) {
            decided.effects.push_back(std::move(effect));
        }
    }
    return decided;
}

void Decider::step(const Occasion& occasion, Decided& decided) {
    happened(scheduler_.step(occasion.now), decided);
    const bool goes_on = scheduler_.next_timer() <= occasion.now;
    if (goes_on || occasion.look != Look::AtEverything) {
        return;
    }
    const core::Events found = scheduler_.full_pass(occasion.now);
    const auto started = std::ranges::count_if(found, [](const core::Event& event) {
        return std::holds_alternative<core::JobPlaced>(event.body);
    });
    missed_ = static_cast<int>(started);
    happened(found, decided);
}

void Decider::do_work(Work& work, const Occasion& occasion, Decided& decided) {
    const bool in_trouble = !occasion.trouble.empty();
    if (!work.command) {
        Release release = work.read(scheduler_, occasion.now);
        if (in_trouble) {
            release(Done{});
        } else {
            decided.releases.push_back(std::move(release));
        }
        return;
    }
    if (in_trouble && work.sender == Sender::Client) {
        const Error refused{ErrorCode::Unavailable, "the scheduler cannot write its journal (" +
                                                        occasion.trouble +
                                                        "); nothing was changed, try again later"};
        work.prepare(scheduler_, refused, occasion.now)(Done{});
        return;
    }
    const auto events = scheduler_.execute(*work.command, occasion.now);
    if (events) {
        happened(*events, decided);
    }
    decided.releases.push_back(work.prepare(scheduler_, events, occasion.now));
}

// Notes the rows of ended jobs while the state still has them.
void Decider::happened(const core::Events& events, Decided& decided) {
    record_ended(scheduler_.state(), events, decided.batch);
    decided.batch.events.insert(decided.batch.events.end(), events.begin(), events.end());
}

}  // namespace gusu::service
