#include <algorithm>

#include "scheduler/core/apply/apply.h"
#include "scheduler/core/policy/order.h"
#include "scheduler/core/policy/retry.h"

namespace gusu::core {

std::shared_ptr<const JobSpec> State::Apply::with_shared_demand(
    const std::shared_ptr<const JobSpec>& spec) {
    const DemandPointer& shared = state.demands_.try_emplace(spec->demand, 0).first->first;
    if (shared == spec->demand) {
        return spec;
    }
    auto copy = std::make_shared<JobSpec>(*spec);
    copy->demand = shared;
    return copy;
}

void State::Apply::remember_request(const std::shared_ptr<const JobSpec>& spec, JobId id,
                                    int position) {
    Request& request = state.requests_[spec];
    const auto place = static_cast<std::size_t>(position);
    request.ids.resize(std::max(request.ids.size(), place + 1));
    request.ids[place] = id;
    ++request.remembered;
}

void State::Apply::forget_request(const JobSpec& spec, JobId id) {
    const auto found = state.requests_.find(RequestLess::Key{spec.user, spec.request_id});
    check(found != state.requests_.end(), "a job that is remembered has its request");
    std::ranges::replace(found->second.ids, id, JobId{});
    if (--found->second.remembered == 0) {
        state.requests_.erase(found);
    }
}

void State::Apply::operator()(const JobSubmitted& event) {
    const auto spec = with_shared_demand(event.spec);
    remember_request(spec, event.job, event.position);
    const auto elements = static_cast<int>(event.array_indices.size());
    state.demands_.at(spec->demand) += static_cast<std::size_t>(std::max(elements, 1));
    count_typical(*spec->demand, std::max(elements, 1));
    given(event.job.value + static_cast<std::uint64_t>(elements));
    if (elements > 0) {
        state.arrays_[event.job] = Array{.id = event.job,
                                         .spec = spec,
                                         .indices = event.array_indices,
                                         .max_running = event.array_max_running,
                                         .unfinished = elements,
                                         .remembered = elements};
    }
    for (int position = 0; position < std::max(elements, 1); ++position) {
        const std::uint64_t offset = elements > 0 ? 1 + static_cast<std::uint64_t>(position) : 0;
        const JobId id{event.job.value + offset};
        Job& created = state.jobs_.emplace(id, Job{}).first->second;
        created.id = id;
        created.spec = spec;
        created.submitted = at;
        Waiting waiting{.since = at, .not_before = spec->begin, .hold = event.hold};
        rank(state, created, at, waiting);
        created.state = waiting;
        if (elements > 0) {
            const int index = event.array_indices[static_cast<std::size_t>(position)];
            created.array = ArrayMembership{.array = event.job, .index = index};
        }
        add_dependencies(created);
        is_ready_now(created);
        count(created, +1, 0);
        enqueue(created);
        note_deadline(created);
    }
}

void State::Apply::operator()(const JobHeld& event) {
    Job& held = job(event.job);
    dequeue(held);
    leave_array_slot(held);
    std::get<Waiting>(held.state).hold = event.hold;
    enqueue(held);
}

void State::Apply::operator()(const JobReleased& event) {
    Job& released = job(event.job);
    dequeue(released);
    std::get<Waiting>(released.state).hold = Hold::None;
    is_ready_now(released);
    enqueue(released);
}

void State::Apply::operator()(const JobPlaced& event) {
    Job& placed = job(event.job);
    given(event.incarnation.value);
    dequeue(placed);
    placed.state = Placed{.incarnation = event.incarnation, .since = at, .tasks = event.tasks};
    state.job_by_incarnation_[event.incarnation] = event.job;
    if (placed.array) {
        ++state.arrays_.at(placed.array->array).running;
    }
    hold(placed, Taken::Now);
    may_be_stopped(placed);
    note_end(placed);
    count(placed, -1, +1);
    note_deadline(placed);
}

void State::Apply::operator()(const TaskChanged& event) {
    Job& changed = job(event.job);
    Placed& placed = std::get<Placed>(changed.state);
    PlacedTask& one = placed.tasks.at(static_cast<std::size_t>(event.task));
    const bool held_its_room = !one.left();
    const auto* ran = std::get_if<TaskRunning>(&one.state);
    const Time began = ran == nullptr ? placed.since : ran->since;
    one.state = event.state;
    if (std::holds_alternative<TaskEnded>(event.state)) {
        state.unsettled_.insert(event.job);
        note_how_it_went(changed, one, began);
    }
    if (held_its_room && one.left()) {
        leave(changed, event.task);
    }
    const bool all_started = std::ranges::none_of(placed.tasks, [](const PlacedTask& task) {
        return std::holds_alternative<TaskOrdered>(task.state) ||
               std::holds_alternative<TaskStarting>(task.state);
    });
    if (all_started && !placed.running_since) {
        forget_end(job(event.job));
        placed.running_since = at;
        note_end(job(event.job));
    }
}

void State::Apply::operator()(const JobCheckpointed& event) {
    Placed& placed = std::get<Placed>(job(event.job).state);
    placed.checkpointed = event.saved;
    if (placed.stopping && event.saved >= placed.stopping->since) {
        placed.stopping->saved = true;
    }
}

void State::Apply::operator()(const JobShrunk& event) {
    auto& tasks = std::get<Placed>(job(event.shrink.job).state).tasks;
    for (const int rank : event.shrink.ranks) {
        tasks.at(static_cast<std::size_t>(rank)).leaving = at;
    }
}

void State::Apply::operator()(const JobStopRequested& event) {
    Job& stopped = job(event.job);
    auto& placed = std::get<Placed>(stopped.state);
    if (placed.stopping) {
        placed.stopping->because = event.because;  // its grace runs on
        return;
    }
    placed.stopping = Stopping{.since = at, .because = event.because};
    may_no_longer_be_stopped(stopped);
    note_deadline(stopped);
}

void State::Apply::end_attempt(Job& over, const Ending& ending) {
    state.unsettled_.erase(over.id);
    auto* placed = std::get_if<Placed>(&over.state);
    if (placed == nullptr) {
        dequeue(over);
        state.doomed_.erase(over.id);
        count(over, -1, 0);
        return;
    }
    may_no_longer_be_stopped(over);
    forget_end(over);
    release(over);
    count(over, 0, -1);
    state.job_by_incarnation_.erase(placed->incarnation);
    if (over.array) {
        --state.arrays_.at(over.array->array).running;
    }
    const std::int64_t served = milli_gpu_ms(placed->tasks, placed->since, at);
    over.milli_gpu_ms += served;
    state.history_.serve(series_of(over.demand().tenant, over.spec->user, over.spec->name),
                         served / 1000, at);
    over.past.push_back(PastAttempt{.incarnation = placed->incarnation,
                                    .placed = placed->since,
                                    .running_since = placed->running_since,
                                    .ended = at,
                                    .ending = ending,
                                    .tasks = std::move(placed->tasks),
                                    .checkpointed = placed->checkpointed});
    if (over.past.size() > kAttemptsRemembered) {
        over.past.erase(over.past.begin());
    }
}

// Of jobs that were stopped from outside nobody knows how long they would have run.
void State::Apply::learn(const Job& ended, EndReason reason) {
    const std::int64_t milli_gpus = ended.demand().total().milli_gpus.units();
    const bool by_itself = reason == EndReason::Completed || reason == EndReason::ExitCode ||
                           reason == EndReason::TimedOut || reason == EndReason::OutOfMemory;
    if (by_itself && milli_gpus > 0) {
        const bool whole_nodes = ended.demand().sharing == Sharing::Exclusive;
        const std::int64_t held =
            whole_nodes ? gpus_held(ended.past.back().tasks)[kAnyAccelerator].units() : milli_gpus;
        state.history_.learn(series_of(ended.demand().tenant, ended.spec->user, ended.spec->name),
                             milli_gpus, Duration(ended.milli_gpu_ms / held), at);
    }
}

void State::Apply::operator()(const JobEnded& event) {
    Job& ended = job(event.job);
    end_attempt(ended, event.ending);
    learn(ended, event.ending.reason);
    ended.state = Finished{.at = at, .ending = event.ending};
    note_deadline(ended);
    state.ended_.insert({at, ended.id});
    leave_array_slot(ended);
    if (ended.array) {
        Array& array = state.arrays_.at(ended.array->array);
        --array.unfinished;
        array.succeeded += event.ending.reason == EndReason::Completed ? 1 : 0;
    }
    settle_dependents(ended);
}

void State::Apply::operator()(const JobRequeued& event) {
    Job& again = job(event.job);
    again.retries_used += is_forgiven(again, event.ending) ? 0 : 1;
    end_attempt(again, event.ending);
    ++again.attempt;
    Waiting waiting{.since = at, .not_before = event.not_before};
    rank(state, again, at, waiting);
    again.state = waiting;
    is_ready_now(again);
    count(again, +1, 0);
    leave_array_slot(again);
    enqueue(again);
    note_deadline(again);
}

void State::Apply::note_deadline(const Job& noted) {
    if (!noted.spec->deadline) {
        return;
    }
    state.deadlines_.erase({latest_start(noted), noted.id});
    state.deadlines_.erase({*noted.spec->deadline, noted.id});
    const auto* placed = std::get_if<Placed>(&noted.state);
    if (noted.is_waiting()) {
        state.deadlines_.insert({latest_start(noted), noted.id});
    } else if (placed != nullptr && !placed->stopping) {
        state.deadlines_.insert({*noted.spec->deadline, noted.id});
    }
}

void State::Apply::operator()(const JobsForgotten& event) {
    for (const JobId id : event.jobs) {
        forget(id);
    }
}

void State::Apply::forget(JobId id) {
    const Job& gone = job(id);
    state.ended_.erase({std::get<Finished>(gone.state).at, id});
    const auto spec = gone.spec;
    if (gone.array) {
        const JobId array = gone.array->array;
        if (--state.arrays_.at(array).remembered == 0) {
            forget_request(*spec, array);
            state.arrays_.erase(array);
            state.throttles_.erase(array);
        }
    } else {
        forget_request(*spec, id);
    }
    state.jobs_.erase(id);
    count_typical(*spec->demand, -1);
    const auto demand = state.demands_.find(spec->demand);
    if (--demand->second == 0) {
        state.demands_.erase(demand);
    }
}

void State::Apply::operator()(const ArrayRestored& event) {
    given(event.array.id.value + event.array.indices.size());
    Array& array = state.arrays_[event.array.id];
    array = event.array;
    array.spec = with_shared_demand(array.spec);
    remember_request(array.spec, array.id, event.position);
    array.running = array.unfinished = array.remembered = 0;
}

void State::Apply::operator()(const JobRestored& event) {
    Job& restored = state.jobs_.emplace(event.job.id, event.job).first->second;
    restored.spec = restored.array ? state.array(restored.array->array)->spec
                                   : with_shared_demand(restored.spec);
    ++state.demands_.at(restored.spec->demand);
    count_typical(restored.demand(), +1);
    given(restored.id.value);
    if (restored.array) {
        Array& array = state.arrays_.at(restored.array->array);
        ++array.remembered;
        array.unfinished += restored.is_finished() ? 0 : 1;
        array.running += restored.is_placed() ? 1 : 0;
    } else {
        remember_request(restored.spec, restored.id, event.position);
    }
    if (const auto* finished = std::get_if<Finished>(&restored.state)) {
        state.ended_.insert({finished->at, restored.id});
    } else if (const auto* placed = std::get_if<Placed>(&restored.state)) {
        state.job_by_incarnation_[placed->incarnation] = restored.id;
        given(placed->incarnation.value);
        const Array* array = restored.array ? state.array(restored.array->array) : nullptr;
        if (array != nullptr && array->max_running > 0) {
            state.throttles_[array->id].admitted.insert(restored.id);
        }
        hold(restored, Taken::Before);
        may_be_stopped(restored);
        note_end(restored);
        count(restored, 0, +1);
        state.unsettled_.insert(restored.id);
    } else {
        add_dependencies(restored);
        count(restored, +1, 0);
        enqueue(restored);
    }
    note_deadline(restored);
}

}  // namespace gusu::core
