// gusu.v1.JobService.
#pragma once

#include "gusu/v1/job_service.grpc.pb.h"
#include "scheduler/service/rpc/platform.h"

namespace gusu::service {

class JobService final : public v1::JobService::CallbackService {
public:
    explicit JobService(Platform& platform) : platform_(platform) {}

    using Context = grpc::CallbackServerContext;
    using Reactor = grpc::ServerUnaryReactor;

    Reactor* SubmitJob(Context* context, const v1::SubmitJobRequest* request,
                       v1::SubmitJobResponse* response) override;
    Reactor* SubmitJobs(Context* context, const v1::SubmitJobsRequest* request,
                        v1::SubmitJobsResponse* response) override;
    Reactor* GetJob(Context* context, const v1::GetJobRequest* request,
                    v1::GetJobResponse* response) override;
    Reactor* ListJobs(Context* context, const v1::ListJobsRequest* request,
                      v1::ListJobsResponse* response) override;
    Reactor* CancelJobs(Context* context, const v1::CancelJobsRequest* request,
                        v1::CancelJobsResponse* response) override;
    Reactor* HoldJobs(Context* context, const v1::HoldJobsRequest* request,
                      v1::HoldJobsResponse* response) override;
    Reactor* ReleaseJobs(Context* context, const v1::ReleaseJobsRequest* request,
                         v1::ReleaseJobsResponse* response) override;
    Reactor* ExplainJob(Context* context, const v1::ExplainJobRequest* request,
                        v1::ExplainJobResponse* response) override;
    grpc::ServerWriteReactor<v1::WatchJobsResponse>* WatchJobs(
        Context* context, const v1::WatchJobsRequest* request) override;
    grpc::ServerWriteReactor<v1::ReadLogsResponse>* ReadLogs(
        Context* context, const v1::ReadLogsRequest* request) override;
    grpc::ServerBidiReactor<v1::ExecTaskRequest, v1::ExecTaskResponse>* ExecTask(
        Context* context) override;

private:
    Platform& platform_;
};

}  // namespace gusu::service
