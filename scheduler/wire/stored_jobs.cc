#include "scheduler/wire/stored_events.h"
#include "scheduler/wire/stored_parts.h"

namespace gusu::wire {
namespace {

using StoredUsage = google::protobuf::RepeatedPtrField<storage::UsageRow>;

void write_usage(const std::vector<core::UsageRow>& rows, StoredUsage& records) {
    for (const core::UsageRow& row : rows) {
        storage::UsageRow& record = *records.Add();
        record.set_tenant(row.tenant.value);
        record.set_user(row.user);
        record.set_accelerator(row.accelerator);
        record.set_milli_gpus(row.milli_gpus.units());
        record.set_milli_cpus(row.milli_cpus.units());
        record.set_from(to_milliseconds(row.from));
        record.set_until(to_milliseconds(row.until));
    }
}

std::vector<core::UsageRow> read_usage(const StoredUsage& records, StoredReader& reader) {
    std::vector<core::UsageRow> rows;
    for (const storage::UsageRow& record : records) {
        rows.push_back({.tenant = {record.tenant()},
                        .user = record.user(),
                        .accelerator = record.accelerator(),
                        .milli_gpus = reader.amount(record.milli_gpus()),
                        .milli_cpus = reader.amount(record.milli_cpus()),
                        .from = from_milliseconds(record.from()),
                        .until = from_milliseconds(record.until())});
    }
    return rows;
}

void write_shrink(const core::Shrink& shrink, storage::Shrink& record) {
    record.set_job(shrink.job.value);
    record.set_incarnation(shrink.incarnation.value);
    record.mutable_ranks()->Add(shrink.ranks.begin(), shrink.ranks.end());
}

core::Shrink read_shrink(const storage::Shrink& record) {
    return {.job = {record.job()},
            .incarnation = {record.incarnation()},
            .ranks = {record.ranks().begin(), record.ranks().end()}};
}

}  // namespace

void write(const core::JobSubmitted& event, storage::Event& record, StoredWriter& writer) {
    storage::JobSubmitted& submitted = *record.mutable_job_submitted();
    submitted.set_job(event.job.value);
    submitted.set_spec(writer.spec(event.spec));
    submitted.set_position(event.position);
    submitted.mutable_array_indices()->Add(event.array_indices.begin(), event.array_indices.end());
    submitted.set_array_max_running(event.array_max_running);
    submitted.set_hold(stored_hold(event.hold));
}

core::JobSubmitted read(const storage::JobSubmitted& record, StoredReader& reader) {
    core::JobSubmitted event{
        .job = {record.job()},
        .spec = reader.spec(record.spec()),
        .position = record.position(),
        .array_indices = {record.array_indices().begin(), record.array_indices().end()},
        .array_max_running = record.array_max_running(),
        .hold = reader.choice(record.hold(), stored_hold, storage::Hold_MAX, "hold")};
    if (event.spec == nullptr || event.spec->demand == nullptr) {
        reader.fail("has job " + std::to_string(record.job()) + " submitted without a spec");
    }
    return event;
}

void write(const core::JobHeld& event, storage::Event& record, StoredWriter&) {
    storage::JobHeld& held = *record.mutable_job_held();
    held.set_job(event.job.value);
    held.set_hold(stored_hold(event.hold));
}

core::JobHeld read(const storage::JobHeld& record, StoredReader& reader) {
    return {.job = {record.job()},
            .hold = reader.choice(record.hold(), stored_hold, storage::Hold_MAX, "hold")};
}

void write(const core::JobReleased& event, storage::Event& record, StoredWriter&) {
    record.mutable_job_released()->set_job(event.job.value);
}

core::JobReleased read(const storage::JobReleased& record, StoredReader&) {
    return {{record.job()}};
}

void write(const core::JobPlaced& event, storage::Event& record, StoredWriter&) {
    storage::JobPlaced& placed = *record.mutable_job_placed();
    placed.set_job(event.job.value);
    placed.set_incarnation(event.incarnation.value);
    write_tasks(event.tasks, *placed.mutable_tasks());
}

core::JobPlaced read(const storage::JobPlaced& record, StoredReader& reader) {
    return {.job = {record.job()},
            .incarnation = {record.incarnation()},
            .tasks = read_tasks(record.tasks(), reader)};
}

void write(const core::JobNominated& event, storage::Event& record, StoredWriter&) {
    storage::JobNominated& nominated = *record.mutable_job_nominated();
    nominated.set_job(event.job.value);
    write_tasks(event.tasks, *nominated.mutable_tasks());
    for (const JobId victim : event.victims) {
        nominated.add_victims(victim.value);
    }
    nominated.set_until(to_milliseconds(event.until));
    for (const core::Shrink& shrink : event.shrinks) {
        write_shrink(shrink, *nominated.add_shrinks());
    }
}

core::JobNominated read(const storage::JobNominated& record, StoredReader& reader) {
    core::JobNominated event{.job = {record.job()},
                             .tasks = read_tasks(record.tasks(), reader),
                             .victims = {},
                             .until = from_milliseconds(record.until())};
    for (const std::uint64_t victim : record.victims()) {
        event.victims.push_back({victim});
    }
    for (const storage::Shrink& shrink : record.shrinks()) {
        event.shrinks.push_back(read_shrink(shrink));
    }
    return event;
}

void write(const core::NominationEnded& event, storage::Event& record, StoredWriter&) {
    record.mutable_nomination_ended()->set_job(event.job.value);
}

core::NominationEnded read(const storage::NominationEnded& record, StoredReader&) {
    return {{record.job()}};
}

void write(const core::TaskChanged& event, storage::Event& record, StoredWriter&) {
    storage::TaskChanged& changed = *record.mutable_task_changed();
    changed.set_job(event.job.value);
    changed.set_incarnation(event.incarnation.value);
    changed.set_task(event.task);
    write_task_state(event.state, *changed.mutable_state());
}

core::TaskChanged read(const storage::TaskChanged& record, StoredReader& reader) {
    return {.job = {record.job()},
            .incarnation = {record.incarnation()},
            .task = record.task(),
            .state = read_task_state(record.state(), reader)};
}

void write(const core::JobStopRequested& event, storage::Event& record, StoredWriter&) {
    storage::JobStopRequested& requested = *record.mutable_job_stop_requested();
    requested.set_job(event.job.value);
    write_ending(event.because, *requested.mutable_because());
}

core::JobStopRequested read(const storage::JobStopRequested& record, StoredReader& reader) {
    return {.job = {record.job()}, .because = read_ending(record.because(), reader)};
}

void write(const core::JobCheckpointed& event, storage::Event& record, StoredWriter&) {
    storage::JobCheckpointed& written = *record.mutable_job_checkpointed();
    written.set_job(event.job.value);
    written.set_incarnation(event.incarnation.value);
    written.set_saved(to_milliseconds(event.saved));
}

core::JobCheckpointed read(const storage::JobCheckpointed& record, StoredReader&) {
    return {.job = {record.job()},
            .incarnation = {record.incarnation()},
            .saved = from_milliseconds(record.saved())};
}

void write(const core::JobShrunk& event, storage::Event& record, StoredWriter&) {
    write_shrink(event.shrink, *record.mutable_job_shrunk()->mutable_shrink());
    record.mutable_job_shrunk()->set_detail(event.detail);
}

core::JobShrunk read(const storage::JobShrunk& record, StoredReader&) {
    return {.shrink = read_shrink(record.shrink()), .detail = record.detail()};
}

void write(const core::JobEnded& event, storage::Event& record, StoredWriter&) {
    storage::JobEnded& ended = *record.mutable_job_ended();
    ended.set_job(event.job.value);
    ended.set_incarnation(event.incarnation.value);
    write_ending(event.ending, *ended.mutable_ending());
    write_usage(event.usage, *ended.mutable_usage());
}

core::JobEnded read(const storage::JobEnded& record, StoredReader& reader) {
    return {.job = {record.job()},
            .incarnation = {record.incarnation()},
            .ending = read_ending(record.ending(), reader),
            .usage = read_usage(record.usage(), reader)};
}

void write(const core::JobRequeued& event, storage::Event& record, StoredWriter&) {
    storage::JobRequeued& requeued = *record.mutable_job_requeued();
    requeued.set_job(event.job.value);
    requeued.set_incarnation(event.incarnation.value);
    write_ending(event.ending, *requeued.mutable_ending());
    requeued.set_not_before(to_milliseconds(event.not_before));
    write_usage(event.usage, *requeued.mutable_usage());
}

core::JobRequeued read(const storage::JobRequeued& record, StoredReader& reader) {
    return {.job = {record.job()},
            .incarnation = {record.incarnation()},
            .ending = read_ending(record.ending(), reader),
            .not_before = from_milliseconds(record.not_before()),
            .usage = read_usage(record.usage(), reader)};
}

void write(const core::JobsForgotten& event, storage::Event& record, StoredWriter&) {
    storage::JobsForgotten& forgotten = *record.mutable_jobs_forgotten();
    for (const JobId job : event.jobs) {
        forgotten.add_jobs(job.value);
    }
}

core::JobsForgotten read(const storage::JobsForgotten& record, StoredReader&) {
    core::JobsForgotten event;
    for (const std::uint64_t job : record.jobs()) {
        event.jobs.push_back({job});
    }
    return event;
}

}  // namespace gusu::wire
