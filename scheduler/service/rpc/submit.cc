#include "scheduler/service/rpc/submit.h"

#include "scheduler/core/decide/decide.h"
#include "scheduler/service/rpc/forecasts.h"
#include "scheduler/service/rpc/job_view.h"
#include "scheduler/wire/job_spec.h"

namespace gusu::service {
namespace {

constexpr int kMostSpecs = 10'000;

// What a request has made, by place in its batch; an answer needs all of it.
Result<const std::vector<JobId>*> made_by(const core::State& state, const std::string& user,
                                          const std::string& request_id) {
    const std::vector<JobId>* ids = state.request(user, request_id);
    if (ids == nullptr || ids->empty()) {
        return Error{ErrorCode::FailedPrecondition,
                     "request_id: " + request_id +
                         " was answered long ago and its jobs are only in the history; ask again "
                         "with a new one"};
    }
    return ids;
}

// Right after a submission nothing has been tried yet, and trying it for the answer would cost as
// much as the submission.
v1::Job show_submitted(const core::State& state, JobId id, Time now) {
    if (const core::Array* array = state.array(id)) {
        return show_array(state, *array, now, wire::Detail::Full);
    }
    const core::Job* job = state.job(id);
    if (job == nullptr) {
        // Of a batch of which other jobs are still remembered.
        v1::Job gone;
        gone.set_id(wire::job_id_text(state, id));
        return gone;
    }
    return wire::to_proto(state, *job,
                          {.now = now,
                           .detail = wire::Detail::Full,
                           .waits = {v1::WAIT_REASON_NOT_YET_EXAMINED, ""}});
}

// The job as it would be, with what it would wait for.
v1::Job predicted(const core::State& state, core::Feasibility& feasibility,
                  const core::JobSubmitted& submitted, Time now) {
    core::Job job;
    job.id = submitted.job;
    job.spec = submitted.spec;
    job.submitted = now;
    int open = 0;
    for (const core::Dependency& dependency : submitted.spec->dependencies) {
        open += static_cast<int>(dependency.jobs.size());
    }
    job.state = core::Waiting{.since = now,
                              .not_before = submitted.spec->begin,
                              .hold = submitted.hold,
                              .open_dependencies = open};
    const core::Constraint first = core::first_reason(state, feasibility, job, now);
    wire::JobView view{.now = now, .detail = wire::Detail::Full, .waits = {}};
    view.waits.reason = shown_wait_reason(first.reason);
    view.waits.detail = first.reason == core::WaitReason::NotYetExamined
                            ? "it would start now"
                            : "it would wait: " + first.detail;
    v1::Job shown = wire::to_proto(state, job, view);
    shown.clear_id();
    return shown;
}

using SingleCall = CallPointer<v1::SubmitJobRequest, v1::SubmitJobResponse>;

// What a request that was answered before has made.
Status show_made_before(const SingleCall& call, const core::State& state, Time now) {
    const auto ids = made_by(state, call->user(), call->request.request_id());
    if (!ids) {
        return ids.error();
    }
    *call->response.mutable_job() = show_submitted(state, (*ids)->front(), now);
    return Done{};
}

void try_out(const SingleCall& call, core::SubmitJobs command) {
    call->platform.engine.read([call, command = std::move(command)](core::Scheduler& scheduler,
                                                                    Time now) -> Release {
        const core::State& state = scheduler.state();
        core::Feasibility feasibility;
        const auto events = core::decide({state, feasibility, now}, command);
        if (!events || events->empty()) {
            const Status outcome =
                events ? show_made_before(call, state, now) : Status(events.error());
            return [call, outcome](const Status&) { call->finish(outcome); };
        }
        *call->response.mutable_job() =
            predicted(state, feasibility, std::get<core::JobSubmitted>(events->front().body), now);
        auto basis = std::make_shared<const core::ForecastBasis>(
            core::forecast_basis(state, std::nullopt, now));
        return [call, basis, command](const Status& durable) {
            call->platform.forecaster.post([call, basis, command, durable] {
                show_forecast(core::forecast(*basis, command), *call->response.mutable_forecast());
                call->finish(durable);
            });
        };
    });
}

}  // namespace

void submit(const SingleCall& call) {
    auto submission = wire::to_submission(call->request.spec(), "spec");
    if (!submission) {
        call->finish(submission.error());
        return;
    }
    core::SubmitJobs command{
        .caller = {call->user()}, .request_id = call->request.request_id(), .submissions = {}};
    command.submissions.push_back(std::move(*submission));
    if (call->request.dry_run()) {
        try_out(call, std::move(command));
        return;
    }
    change(
        call, std::move(command),
        [call](core::Scheduler& scheduler, const core::Events&, Time now) -> Status {
            const auto ids = made_by(scheduler.state(), call->user(), call->request.request_id());
            if (!ids) {
                return ids.error();
            }
            *call->response.mutable_job() = show_submitted(scheduler.state(), (*ids)->front(), now);
            return Done{};
        });
}

void submit(const CallPointer<v1::SubmitJobsRequest, v1::SubmitJobsResponse>& call) {
    const auto& specs = call->request.specs();
    if (specs.empty() || specs.size() > kMostSpecs) {
        call->finish(wire::refuse({nullptr, "specs", -1},
                                  "has " + std::to_string(specs.size()) + " jobs",
                                  "1 to " + std::to_string(kMostSpecs) + " jobs"));
        return;
    }
    core::SubmitJobs command{
        .caller = {call->user()}, .request_id = call->request.request_id(), .submissions = {}};
    command.submissions.reserve(static_cast<std::size_t>(specs.size()));
    for (int i = 0; i < specs.size(); ++i) {
        auto submission = wire::to_submission(specs[i], "specs[" + std::to_string(i) + "]", i);
        if (!submission) {
            call->finish(submission.error());
            return;
        }
        command.submissions.push_back(std::move(*submission));
    }
    change(call, std::move(command),
           [call](core::Scheduler& scheduler, const core::Events&, Time) -> Status {
               const auto ids =
                   made_by(scheduler.state(), call->user(), call->request.request_id());
               if (!ids) {
                   return ids.error();
               }
               for (const JobId id : **ids) {
                   call->response.add_job_ids(std::to_string(id.value));
               }
               return Done{};
           });
}

}  // namespace gusu::service
