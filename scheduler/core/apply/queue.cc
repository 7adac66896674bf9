// Where waiting jobs stand, and what the end of a job means to those that depend on it.
#include <algorithm>
#include <ranges>

#include "scheduler/core/apply/apply.h"
#include "scheduler/core/policy/enclosure.h"
#include "scheduler/core/policy/order.h"
#include "scheduler/core/policy/quota.h"
#include "scheduler/core/policy/whole_nodes.h"
#include "scheduler/core/policy/windows.h"

namespace gusu::core {

PendingJobs::Tree State::tree() const {
    return {
        .turn_of = [this](TenantId id, const GpuNeed& need) { return turn_of(*this, id, need); },
        .from_the_top = [this](TenantId id) { return core::from_the_top(*this, id); },
        .need_of = [this](const Demand& demand) { return preferred_need(*this, demand); },
        .entitlement_of = [this](TenantId id) { return core::entitlement_of(*this, id); },
        .standing_of =
            [this](const Demand& demand) {
                return leaves_nodes_whole(*this, demand)
                           ? Standing{.firm = true,
                                      .whole_nodes = guaranteed_whole_nodes(*this, demand.tenant)}
                           : Standing{};
            },
        .enclosure_of = [this](TenantId id) { return core::enclosure_of(*this, id); }};
}

void State::Apply::into_queue(const Job& waiting) {
    const Time ages = std::get<Waiting>(waiting.state).since + state.policy().ages_after;
    if (ages > at) {
        state.aging_.insert({ages, waiting.id});
    } else {
        state.aged_.insert(waiting.id);
    }
    if (const Time widens = widens_at(waiting); widens > at && widens != kNever) {
        state.widening_.insert({widens, waiting.id});
    } else if (widens <= at) {
        state.widened_.insert(waiting.id);
    }
    state.pending_.add(turn_of(state, waiting), state.asks_now(waiting), state.tree());
}

void State::Apply::out_of_queue(const Job& waiting) {
    state.pending_.remove(turn_of(state, waiting), state.asks_now(waiting), state.tree());
    state.widening_.erase({widens_at(waiting), waiting.id});
    state.widened_.erase(waiting.id);
    state.aging_.erase(
        {std::get<Waiting>(waiting.state).since + state.policy().ages_after, waiting.id});
    state.aged_.erase(waiting.id);
    let_go(waiting.id);
}

std::vector<JobId> State::Apply::leave_queue() {
    std::vector<JobId> queued;
    for (const auto& [demand, equals] : state.pending_.classes()) {
        for (const JobTurn& turn : equals.jobs) {
            queued.push_back(turn.job);
        }
    }
    for (const JobId id : queued) {
        out_of_queue(job(id));
    }
    return queued;
}

void State::Apply::end_nomination(JobId id) {
    const auto found = state.nominations_.find(id);
    if (found == state.nominations_.end()) {
        return;
    }
    const std::vector<PlacedTask> tasks = std::move(found->second.tasks);
    state.nominations_.erase(found);
    for (const PlacedTask& task : tasks) {
        offer(node(task.node));
    }
}

void State::Apply::operator()(const JobNominated& event) {
    out_of_queue(job(event.job));
    take_array_slot(job(event.job));
    state.nominations_[event.job] = Nomination{.tasks = event.tasks,
                                               .victims = event.victims,
                                               .until = event.until,
                                               .shrinks = event.shrinks};
}

void State::Apply::operator()(const NominationEnded& event) {
    end_nomination(event.job);
    into_queue(job(event.job));
}

void State::Apply::is_ready_now(Job& waiting) {
    Waiting& wait = std::get<Waiting>(waiting.state);
    wait.ready = std::max(at, wait.not_before);
}

void State::Apply::enqueue(const Job& waiting) {
    const Waiting& wait = std::get<Waiting>(waiting.state);
    if (wait.hold != Hold::None || wait.open_dependencies > 0) {
        state.apart_.insert(waiting.id);
        return;
    }
    if (wait.not_before > at) {
        state.sleeping_.insert({wait.not_before, waiting.id});
        return;
    }
    const Array* array = waiting.array ? state.array(waiting.array->array) : nullptr;
    if (array != nullptr && array->max_running > 0) {
        state.throttles_[array->id].waiting.insert(waiting.id);
        admit(array->id);
        return;
    }
    into_queue(waiting);
}

void State::Apply::dequeue(const Job& waiting) {
    state.apart_.erase(waiting.id);
    state.sleeping_.erase({std::get<Waiting>(waiting.state).not_before, waiting.id});
    out_of_queue(waiting);
    end_nomination(waiting.id);
}

void State::Apply::leave_array_slot(const Job& leaving) {
    if (!leaving.array) {
        return;
    }
    const auto found = state.throttles_.find(leaving.array->array);
    if (found == state.throttles_.end()) {
        return;
    }
    found->second.admitted.erase(leaving.id);
    found->second.waiting.erase(leaving.id);
    admit(leaving.array->array);
}

void State::Apply::admit(JobId array) {
    const auto limit = static_cast<std::size_t>(state.array(array)->max_running);
    Throttle& throttle = state.throttles_[array];
    while (throttle.admitted.size() < limit && !throttle.waiting.empty()) {
        const JobId next = *throttle.waiting.begin();
        throttle.waiting.erase(next);
        throttle.admitted.insert(next);
        into_queue(job(next));
    }
    // One that came back takes the turn of a later one that has not started.
    while (!throttle.waiting.empty()) {
        const JobId first = *throttle.waiting.begin();
        if (!give_slot_back(throttle, first)) {
            return;
        }
        throttle.waiting.erase(first);
        throttle.admitted.insert(first);
        into_queue(job(first));
    }
}

// False if none after it has a slot that it has not begun to use.
bool State::Apply::give_slot_back(Throttle& throttle, JobId after) {
    const auto last = std::ranges::find_if(std::views::reverse(throttle.admitted), [&](JobId id) {
        return job(id).is_waiting() && !state.nominations_.contains(id);
    });
    if (last == throttle.admitted.rend() || *last < after) {
        return false;
    }
    const JobId later = *last;
    out_of_queue(job(later));
    throttle.admitted.erase(later);
    throttle.waiting.insert(later);
    return true;
}

// After a restart slots were given by index alone, and here is one that had its own.
void State::Apply::take_array_slot(const Job& nominated) {
    const auto found =
        nominated.array ? state.throttles_.find(nominated.array->array) : state.throttles_.end();
    if (found != state.throttles_.end() && found->second.waiting.erase(nominated.id) > 0) {
        give_slot_back(found->second, JobId{});
        found->second.admitted.insert(nominated.id);
    }
}

void State::wake(Time now) {
    while (!sleeping_.empty() && sleeping_.begin()->first <= now) {
        const JobId due = sleeping_.begin()->second;
        sleeping_.erase(sleeping_.begin());
        Apply{*this, now}.enqueue(jobs_.at(due));
    }
    Apply apply{*this, now};
    while (!aging_.empty() && aging_.begin()->first <= now) {
        const Job& old = jobs_.at(aging_.begin()->second);
        apply.out_of_queue(old);
        apply.into_queue(old);
    }
    while (!widening_.empty() && widening_.begin()->first <= now) {
        const Job& wide = jobs_.at(widening_.begin()->second);
        apply.out_of_queue(wide);
        apply.into_queue(wide);
    }
    while (!turning_.empty() && turning_.begin()->first <= now) {
        apply.turn(jobs_.at(turning_.begin()->second));
    }
}

namespace {

enum class Verdict { Open, Holds, NeverHolds };

Verdict judge(DependencyCondition condition, bool all_succeeded, bool none_succeeded) {
    switch (condition) {
        case DependencyCondition::AfterOk:
        case DependencyCondition::AfterCorr:
            return all_succeeded ? Verdict::Holds : Verdict::NeverHolds;
        case DependencyCondition::AfterNotOk:
            return none_succeeded ? Verdict::Holds : Verdict::NeverHolds;
        case DependencyCondition::AfterAny:
        case DependencyCondition::Singleton:
            return Verdict::Holds;
    }
    return Verdict::Holds;
}

// Jobs that are no longer remembered held when they were: the job waited for them before.
Verdict judge(const State& state, DependencyCondition condition, JobId target) {
    if (const Array* array = state.array(target)) {
        return array->unfinished > 0
                   ? Verdict::Open
                   : judge(condition, array->succeeded == static_cast<int>(array->indices.size()),
                           array->succeeded == 0);
    }
    const Job* job = state.job(target);
    if (job == nullptr) {
        return Verdict::Holds;
    }
    const auto* finished = std::get_if<Finished>(&job->state);
    if (finished == nullptr) {
        return Verdict::Open;
    }
    const bool succeeded = finished->ending.reason == EndReason::Completed;
    return judge(condition, succeeded, !succeeded);
}

}  // namespace

namespace {

// The jobs this one waits for by a dependency; an array stands for all its elements.
std::vector<JobId> targets(const State& state, const Job& job, const Dependency& dependency) {
    if (dependency.condition != DependencyCondition::AfterCorr) {
        return dependency.jobs;
    }
    std::vector<JobId> same_index;
    for (const JobId id : dependency.jobs) {
        // A forgotten array has ended long ago.
        if (const Array* array = state.array(id)) {
            same_index.push_back(element_of(*array, job.array->index).value_or(JobId{}));
        }
    }
    return same_index;
}

}  // namespace

void State::Apply::add_dependencies(Job& waiting) {
    Waiting& wait = std::get<Waiting>(waiting.state);
    wait.open_dependencies = 0;
    for (const Dependency& dependency : waiting.spec->dependencies) {
        for (const JobId target : targets(state, waiting, dependency)) {
            const Verdict verdict = judge(state, dependency.condition, target);
            if (verdict == Verdict::Holds) {
                continue;
            }
            ++wait.open_dependencies;
            if (verdict == Verdict::NeverHolds) {
                state.doomed_.insert(waiting.id);
                continue;
            }
            std::vector<JobId>& dependents = state.dependents_[target];
            if (dependents.empty() || dependents.back() != waiting.id) {
                dependents.push_back(waiting.id);
            }
        }
    }
}

void State::Apply::settle_dependents(const Job& ended) {
    tell_dependents(ended.id);
    if (ended.array && state.array(ended.array->array)->unfinished == 0) {
        tell_dependents(ended.array->array);
    }
}

void State::Apply::tell_dependents(JobId ended) {
    const auto found = state.dependents_.find(ended);
    if (found == state.dependents_.end()) {
        return;
    }
    const std::vector<JobId> dependents = std::move(found->second);
    state.dependents_.erase(found);
    for (const JobId id : dependents) {
        if (state.job(id) == nullptr || !state.job(id)->is_waiting()) {
            continue;  // cancelled meanwhile, and perhaps forgotten
        }
        Job& dependent = job(id);
        auto* wait = &std::get<Waiting>(dependent.state);
        for (const Dependency& dependency : dependent.spec->dependencies) {
            const auto times = std::ranges::count(targets(state, dependent, dependency), ended);
            const Verdict verdict = judge(state, dependency.condition, ended);
            if (times > 0 && verdict == Verdict::NeverHolds) {
                state.doomed_.insert(id);
            } else if (times > 0) {
                wait->open_dependencies -= static_cast<int>(times);
            }
        }
        if (wait->open_dependencies == 0 && wait->hold == Hold::None) {
            dequeue(dependent);
            is_ready_now(dependent);
            enqueue(dependent);
        }
    }
}

}  // namespace gusu::core
