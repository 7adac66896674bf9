#include "scheduler/service/rpc/job_service.h"

#include "scheduler/core/policy/access.h"
#include "scheduler/service/rpc/call.h"
#include "scheduler/service/rpc/exec_task.h"
#include "scheduler/service/rpc/forecasts.h"
#include "scheduler/service/rpc/job_refs.h"
#include "scheduler/service/rpc/job_view.h"
#include "scheduler/service/rpc/list_jobs.h"
#include "scheduler/service/rpc/past_jobs.h"
#include "scheduler/service/rpc/read_logs.h"
#include "scheduler/service/rpc/submit.h"
#include "scheduler/service/rpc/watch_jobs.h"

namespace gusu::service {
namespace {

// What the node of a starting job does meanwhile.
void add_start(const Platform& platform, v1::Job& job) {
    if (job.state() == v1::JOB_STATE_STARTING) {
        job.set_wait_detail(platform.starting.of(IncarnationId{job.incarnation()}));
    }
}

template <typename CallOf>
void get_past_job(const CallOf& call, const core::JobRef& reference, const Sight& sight) {
    auto job = past_job(call->platform.history, sight, reference);
    if (job) {
        *call->response.mutable_job() = std::move(*job);
    }
    call->finish(job ? Status(Done{}) : job.error());
}

// From the state, else from the history.
template <typename CallOf>
Release look_for_job(const CallOf& call, const core::JobRef& reference, core::Scheduler& scheduler,
                     Time now) {
    const core::State& state = scheduler.state();
    if (std::holds_alternative<std::monostate>(find(state, reference))) {
        return [call, reference, sight = sight_of(state, call->user())](const Status&) {
            call->platform.worker.post(
                [call, reference, sight] { get_past_job(call, reference, sight); });
        };
    }
    const Named named = find_visible(state, call->user(), reference);
    if (std::holds_alternative<std::monostate>(named)) {
        return [call](const Status&) { call->finish(no_such_job(call->request.job_id())); };
    }
    *call->response.mutable_job() = show(scheduler, named, now, wire::Detail::Events);
    add_start(call->platform, *call->response.mutable_job());
    return [call](const Status& durable) { call->finish(durable); };
}

template <typename CallOf>
void get_job(const CallOf& call, const core::JobRef& reference) {
    call->platform.engine.read([call, reference](core::Scheduler& scheduler, Time now) {
        return look_for_job(call, reference, scheduler, now);
    });
}

// Cancels, holds or releases the named jobs, and answers with them as they are then.
template <typename Command, typename CallOf>
void change_jobs(const CallOf& call) {
    auto references = to_refs(call->request.job_ids());
    if (!references) {
        call->finish(references.error());
        return;
    }
    change(call, Command{.caller = {call->user()}, .jobs = *references},
           [call, references = *references](core::Scheduler& scheduler, const core::Events&,
                                            Time now) -> Status {
               JobLister lister(scheduler, now);
               for (const core::JobRef& reference : references) {
                   const Named named = find_visible(scheduler.state(), call->user(), reference);
                   const auto* job = std::get_if<const core::Job*>(&named);
                   if (job != nullptr) {
                       *call->response.add_jobs() = lister.show(**job, wire::Detail::Brief);
                   } else if (const auto* array = std::get_if<const core::Array*>(&named)) {
                       *call->response.add_jobs() =
                           show_array(scheduler.state(), **array, now, wire::Detail::Brief);
                   }
               }
               return Done{};
           });
}

void add_constraints(core::Scheduler& scheduler, const core::Job& job, Time now,
                     v1::ExplainJobResponse& response) {
    if (!job.is_waiting()) {
        return;
    }
    const core::Explanation explanation = scheduler.explain(job, now);
    for (const core::Constraint& each : explanation.constraints) {
        v1::Constraint& shown = *response.add_constraints();
        shown.set_reason(shown_wait_reason(each.reason));
        shown.set_detail(each.detail);
        shown.set_remedy(each.remedy);
    }
    response.set_position(explanation.position);
    response.mutable_would_start_now()->Assign(explanation.would_start_now.begin(),
                                               explanation.would_start_now.end());
}

using ExplainCall = CallPointer<v1::ExplainJobRequest, v1::ExplainJobResponse>;

// Explains from the state, then has the start of the job forecast.
Release explain_job(const ExplainCall& call, const core::Job& job, core::Scheduler& scheduler,
                    Time now) {
    *call->response.mutable_job() = show_job(scheduler, job, now, wire::Detail::Brief);
    add_start(call->platform, *call->response.mutable_job());
    add_constraints(scheduler, job, now, call->response);
    if (!job.is_waiting()) {
        return [call](const Status& durable) { call->finish(durable); };
    }
    auto basis = std::make_shared<const core::ForecastBasis>(
        core::forecast_basis(scheduler.state(), job.id, now));
    return [call, basis, id = job.id](const Status& durable) {
        call->platform.forecaster.post([call, basis, id, durable] {
            show_forecast(core::forecast(*basis, id), *call->response.mutable_forecast());
            call->finish(durable);
        });
    };
}

// Of an array its first element that waits.
const core::Job* to_explain(const core::State& state, const Named& named) {
    if (const auto* job = std::get_if<const core::Job*>(&named)) {
        return *job;
    }
    const auto* array = std::get_if<const core::Array*>(&named);
    if (array == nullptr) {
        return nullptr;
    }
    const core::Job* element = nullptr;
    for (std::uint64_t i = 0; i < (*array)->indices.size(); ++i) {
        const core::Job* each = state.job(JobId{(*array)->id.value + 1 + i});
        element = each == nullptr ? element : each;
        if (each != nullptr && each->is_waiting()) {
            return each;
        }
    }
    return element;
}

}  // namespace

JobService::Reactor* JobService::SubmitJob(Context* context, const v1::SubmitJobRequest* request,
                                           v1::SubmitJobResponse* response) {
    return answer({platform_, context, "SubmitJob"}, request, response,
                  [](const auto& call) { submit(call); });
}

JobService::Reactor* JobService::SubmitJobs(Context* context, const v1::SubmitJobsRequest* request,
                                            v1::SubmitJobsResponse* response) {
    return answer({platform_, context, "SubmitJobs"}, request, response,
                  [](const auto& call) { submit(call); });
}

JobService::Reactor* JobService::GetJob(Context* context, const v1::GetJobRequest* request,
                                        v1::GetJobResponse* response) {
    return answer({platform_, context, "GetJob"}, request, response, [](const auto& call) {
        const auto reference = to_ref(call->request.job_id());
        if (!reference) {
            call->finish(reference.error());
            return;
        }
        get_job(call, *reference);
    });
}

JobService::Reactor* JobService::ListJobs(Context* context, const v1::ListJobsRequest* request,
                                          v1::ListJobsResponse* response) {
    return answer({platform_, context, "ListJobs"}, request, response,
                  [](const auto& call) { list_jobs(call); });
}

JobService::Reactor* JobService::CancelJobs(Context* context, const v1::CancelJobsRequest* request,
                                            v1::CancelJobsResponse* response) {
    return answer({platform_, context, "CancelJobs"}, request, response,
                  [](const auto& call) { change_jobs<core::CancelJobs>(call); });
}

JobService::Reactor* JobService::HoldJobs(Context* context, const v1::HoldJobsRequest* request,
                                          v1::HoldJobsResponse* response) {
    return answer({platform_, context, "HoldJobs"}, request, response,
                  [](const auto& call) { change_jobs<core::HoldJobs>(call); });
}

JobService::Reactor* JobService::ReleaseJobs(Context* context,
                                             const v1::ReleaseJobsRequest* request,
                                             v1::ReleaseJobsResponse* response) {
    return answer({platform_, context, "ReleaseJobs"}, request, response,
                  [](const auto& call) { change_jobs<core::ReleaseJobs>(call); });
}

JobService::Reactor* JobService::ExplainJob(Context* context, const v1::ExplainJobRequest* request,
                                            v1::ExplainJobResponse* response) {
    return answer({platform_, context, "ExplainJob"}, request, response, [](const auto& call) {
        const auto reference = to_ref(call->request.job_id());
        if (!reference) {
            call->finish(reference.error());
            return;
        }
        call->platform.engine.read(
            [call, reference = *reference](core::Scheduler& scheduler, Time now) -> Release {
                const Named named = find_visible(scheduler.state(), call->user(), reference);
                const core::Job* job = to_explain(scheduler.state(), named);
                if (job != nullptr) {
                    return explain_job(call, *job, scheduler, now);
                }
                return [call](const Status&) {
                    call->finish(Error{ErrorCode::NotFound, "no job " + call->request.job_id() +
                                                                " that waits or has ended lately"});
                };
            });
    });
}

grpc::ServerWriteReactor<v1::WatchJobsResponse>* JobService::WatchJobs(
    Context* context, const v1::WatchJobsRequest* request) {
    return watch_jobs(platform_, *context, *request);
}

grpc::ServerWriteReactor<v1::ReadLogsResponse>* JobService::ReadLogs(
    Context* context, const v1::ReadLogsRequest* request) {
    return read_logs(platform_, *context, *request);
}

grpc::ServerBidiReactor<v1::ExecTaskRequest, v1::ExecTaskResponse>* JobService::ExecTask(
    Context* context) {
    return exec_task(platform_, *context);
}

}  // namespace gusu::service
