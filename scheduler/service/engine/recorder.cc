#include "scheduler/service/engine/recorder.h"

#include "scheduler/wire/show.h"

namespace gusu::service {
namespace {

void add_history(const core::State& state, const core::Job& job, Time ended, store::Batch& batch) {
    const v1::Job shown =
        wire::to_proto(state, job, {.now = ended, .detail = wire::Detail::Events, .waits = {}});
    batch.history.push_back({.job = job.id,
                             .array = job.array ? job.array->array : JobId{},
                             .array_index = job.array ? job.array->index : 0,
                             .ended = ended,
                             .tenant = shown.spec().tenant(),
                             .user = shown.user(),
                             .state = wire::short_name(shown.state()),
                             .job_message = shown.SerializeAsString()});
}

void add_usage(const core::State& state, JobId job, const std::vector<core::UsageRow>& rows,
               store::Batch& batch) {
    for (const core::UsageRow& row : rows) {
        const core::Tenant* tenant = state.tenant(row.tenant);
        batch.usage.push_back({.job = job,
                               .tenant = tenant == nullptr ? "" : tenant->path,
                               .user = row.user,
                               .accelerator = row.accelerator,
                               .milli_gpus = row.milli_gpus.units(),
                               .milli_cpus = row.milli_cpus.units(),
                               .from = row.from,
                               .until = row.until});
    }
}

}  // namespace

void record_ended(const core::State& state, const core::Events& events, store::Batch& batch) {
    for (const core::Event& event : events) {
        if (const auto* ended = std::get_if<core::JobEnded>(&event.body)) {
            if (const core::Job* job = state.job(ended->job)) {
                add_history(state, *job, event.at, batch);
            }
            add_usage(state, ended->job, ended->usage, batch);
        } else if (const auto* again = std::get_if<core::JobRequeued>(&event.body)) {
            add_usage(state, again->job, again->usage, batch);
        }
    }
}

}  // namespace gusu::service
