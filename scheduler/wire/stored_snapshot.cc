#include <algorithm>

#include "scheduler/wire/stored_events.h"
#include "scheduler/wire/stored_parts.h"

namespace gusu::wire {
namespace {

void write_placed(const core::Placed& placed, storage::Placed& record) {
    record.set_incarnation(placed.incarnation.value);
    record.set_since(to_milliseconds(placed.since));
    write_tasks(placed.tasks, *record.mutable_tasks());
    if (placed.stopping) {
        record.mutable_stopping()->set_since(to_milliseconds(placed.stopping->since));
        write_ending(placed.stopping->because, *record.mutable_stopping()->mutable_because());
        record.mutable_stopping()->set_saved(placed.stopping->saved);
    }
    if (placed.running_since) {
        record.set_running_since(to_milliseconds(*placed.running_since));
    }
    if (placed.checkpointed) {
        record.set_checkpointed(to_milliseconds(*placed.checkpointed));
    }
}

core::Placed read_placed(const storage::Placed& record, StoredReader& reader) {
    core::Placed placed{.incarnation = {record.incarnation()},
                        .since = from_milliseconds(record.since()),
                        .tasks = read_tasks(record.tasks(), reader)};
    if (record.has_stopping()) {
        placed.stopping =
            core::Stopping{.since = from_milliseconds(record.stopping().since()),
                           .because = read_ending(record.stopping().because(), reader),
                           .saved = record.stopping().saved()};
    }
    if (record.has_running_since()) {
        placed.running_since = from_milliseconds(record.running_since());
    }
    if (record.has_checkpointed()) {
        placed.checkpointed = from_milliseconds(record.checkpointed());
    }
    return placed;
}

void write_state(const core::JobState& state, storage::Job& record) {
    if (const auto* waiting = std::get_if<core::Waiting>(&state)) {
        storage::Waiting& written = *record.mutable_waiting();
        written.set_since(to_milliseconds(waiting->since));
        written.set_not_before(to_milliseconds(waiting->not_before));
        written.set_hold(stored_hold(waiting->hold));
        written.set_open_dependencies(waiting->open_dependencies);
        written.set_lane(waiting->lane);
        written.set_work(waiting->work);
        written.set_ready(to_milliseconds(waiting->ready));
    } else if (const auto* placed = std::get_if<core::Placed>(&state)) {
        write_placed(*placed, *record.mutable_placed());
    } else {
        const auto& finished = std::get<core::Finished>(state);
        record.mutable_finished()->set_at(to_milliseconds(finished.at));
        write_ending(finished.ending, *record.mutable_finished()->mutable_ending());
    }
}

core::JobState read_state(const storage::Job& record, StoredReader& reader) {
    switch (record.state_case()) {
        case storage::Job::kWaiting:
            return core::Waiting{.since = from_milliseconds(record.waiting().since()),
                                 .not_before = from_milliseconds(record.waiting().not_before()),
                                 .hold = reader.choice(record.waiting().hold(), stored_hold,
                                                       storage::Hold_MAX, "hold"),
                                 .open_dependencies = record.waiting().open_dependencies(),
                                 .ready = from_milliseconds(record.waiting().ready()),
                                 .lane = record.waiting().lane(),
                                 .work = record.waiting().work()};
        case storage::Job::kPlaced:
            return read_placed(record.placed(), reader);
        case storage::Job::kFinished:
            return core::Finished{.at = from_milliseconds(record.finished().at()),
                                  .ending = read_ending(record.finished().ending(), reader)};
        case storage::Job::STATE_NOT_SET:
            break;
    }
    reader.fail("has job " + std::to_string(record.id()) + " in an unknown state");
    return core::Waiting{};
}

void write_attempt(const core::PastAttempt& attempt, storage::PastAttempt& record) {
    record.set_incarnation(attempt.incarnation.value);
    record.set_placed(to_milliseconds(attempt.placed));
    if (attempt.running_since) {
        record.set_running_since(to_milliseconds(*attempt.running_since));
    }
    record.set_ended(to_milliseconds(attempt.ended));
    write_ending(attempt.ending, *record.mutable_ending());
    write_tasks(attempt.tasks, *record.mutable_tasks());
    if (attempt.checkpointed) {
        record.set_checkpointed(to_milliseconds(*attempt.checkpointed));
    }
}

core::PastAttempt read_attempt(const storage::PastAttempt& record, StoredReader& reader) {
    core::PastAttempt attempt{.incarnation = {record.incarnation()},
                              .placed = from_milliseconds(record.placed()),
                              .running_since = std::nullopt,
                              .ended = from_milliseconds(record.ended()),
                              .ending = read_ending(record.ending(), reader),
                              .tasks = read_tasks(record.tasks(), reader)};
    if (record.has_running_since()) {
        attempt.running_since = from_milliseconds(record.running_since());
    }
    if (record.has_checkpointed()) {
        attempt.checkpointed = from_milliseconds(record.checkpointed());
    }
    return attempt;
}

}  // namespace

void write(const core::JobRestored& event, storage::Event& record, StoredWriter& writer) {
    const core::Job& job = event.job;
    storage::Job& written = *record.mutable_job_restored()->mutable_job();
    record.mutable_job_restored()->set_position(event.position);
    written.set_id(job.id.value);
    written.set_spec(writer.spec(job.spec));
    if (job.array) {
        written.mutable_array()->set_array(job.array->array.value);
        written.mutable_array()->set_index(job.array->index);
    }
    written.set_submitted(to_milliseconds(job.submitted));
    written.set_attempt(job.attempt);
    written.set_retries_used(job.retries_used);
    write_state(job.state, written);
    for (const core::PastAttempt& attempt : job.past) {
        write_attempt(attempt, *written.add_past());
    }
    written.set_milli_gpu_ms(job.milli_gpu_ms);
}

core::JobRestored read(const storage::JobRestored& record, StoredReader& reader) {
    const storage::Job& stored = record.job();
    core::JobRestored event;
    event.position = record.position();
    core::Job& job = event.job;
    job.id = {stored.id()};
    job.spec = reader.spec(stored.spec());
    if (stored.has_array()) {
        job.array = core::ArrayMembership{.array = {stored.array().array()},
                                          .index = stored.array().index()};
    } else if (job.spec == nullptr || job.spec->demand == nullptr) {
        reader.fail("has job " + std::to_string(stored.id()) + " without a spec");
    }
    job.submitted = from_milliseconds(stored.submitted());
    job.attempt = stored.attempt();
    job.retries_used = stored.retries_used();
    job.state = read_state(stored, reader);
    for (const storage::PastAttempt& attempt : stored.past()) {
        job.past.push_back(read_attempt(attempt, reader));
    }
    job.milli_gpu_ms = stored.milli_gpu_ms();
    return event;
}

void write(const core::ArrayRestored& event, storage::Event& record, StoredWriter& writer) {
    const core::Array& array = event.array;
    storage::ArrayRestored& written = *record.mutable_array_restored();
    written.set_id(array.id.value);
    written.set_spec(writer.spec(array.spec));
    written.mutable_indices()->Add(array.indices.begin(), array.indices.end());
    written.set_max_running(array.max_running);
    written.set_running(array.running);
    written.set_unfinished(array.unfinished);
    written.set_succeeded(array.succeeded);
    written.set_remembered(array.remembered);
    written.set_position(event.position);
}

core::ArrayRestored read(const storage::ArrayRestored& record, StoredReader& reader) {
    core::ArrayRestored event{
        .array = {.id = {record.id()},
                  .spec = reader.spec(record.spec()),
                  .indices = {record.indices().begin(), record.indices().end()},
                  .max_running = record.max_running(),
                  .running = record.running(),
                  .unfinished = record.unfinished(),
                  .succeeded = record.succeeded(),
                  .remembered = record.remembered()},
        .position = record.position()};
    if (event.array.spec == nullptr || event.array.spec->demand == nullptr) {
        reader.fail("has array " + std::to_string(record.id()) + " without a spec");
    }
    return event;
}

void write(const core::HistoryRestored& event, storage::Event& record, StoredWriter&) {
    storage::HistoryRestored& written = *record.mutable_history_restored();
    written.set_tenant(event.likeness.tenant.value);
    written.set_user(event.likeness.user);
    written.set_series(event.likeness.series);
    written.set_milli_gpus(event.likeness.milli_gpus);
    const core::Durations& durations = event.past.durations;
    written.mutable_weights()->Add(durations.weights.begin(), durations.weights.end());
    written.set_samples(durations.samples);
    written.set_learnt(to_milliseconds(event.past.learnt));
    written.set_served(event.past.served.amount);
    written.set_served_as_of(to_milliseconds(event.past.served.as_of));
}

core::HistoryRestored read(const storage::HistoryRestored& record, StoredReader& reader) {
    core::HistoryRestored event{.likeness = {.tenant = {record.tenant()},
                                             .user = record.user(),
                                             .series = record.series(),
                                             .milli_gpus = record.milli_gpus()},
                                .past = {}};
    core::Durations& durations = event.past.durations;
    if (record.weights_size() != core::Durations::kBuckets) {
        reader.fail("has a history of " + std::to_string(record.weights_size()) + " buckets");
    } else {
        std::ranges::copy(record.weights(), durations.weights.begin());
    }
    durations.samples = record.samples();
    event.past.learnt = from_milliseconds(record.learnt());
    event.past.served = {.amount = record.served(),
                         .as_of = from_milliseconds(record.served_as_of())};
    return event;
}

}  // namespace gusu::wire
