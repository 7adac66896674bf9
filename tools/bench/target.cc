#include "tools/bench/target.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "proto/rpc/credentials.h"

namespace gusu::bench {
namespace {

constexpr auto kAnswer = std::chrono::seconds(60);
constexpr int kTries = 10;
constexpr std::size_t kPiece = 1000;

// With retries, which the request id makes safe.
template <typename Request, typename Response>
Status call(v1::JobService::Stub& stub,
            grpc::Status (v1::JobService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                         Response*),
            Request& request, Response* response) {
    request.set_request_id(rpc::new_request_id());
    grpc::Status status;
    for (int i = 0; i < kTries; ++i) {
        grpc::ClientContext context;
        context.set_wait_for_ready(true);
        context.set_deadline(std::chrono::system_clock::now() + kAnswer);
        status = (stub.*method)(&context, request, response);
        if (status.ok()) {
            return Done{};
        }
        if (status.error_code() != grpc::StatusCode::UNAVAILABLE) {
            break;
        }
    }
    return rpc::to_error(status);
}

template <typename Request, typename Response>
Status for_pieces(v1::JobService::Stub& stub,
                  grpc::Status (v1::JobService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                               Response*),
                  const JobIds& jobs) {
    for (std::size_t begin = 0; begin < jobs.size(); begin += kPiece) {
        Request request;
        for (std::size_t i = begin; i < std::min(jobs.size(), begin + kPiece); ++i) {
            request.add_job_ids(jobs[i]);
        }
        Response response;
        if (Status done = call(stub, method, request, &response); !done) {
            return done;
        }
    }
    return Done{};
}

}  // namespace

Result<rpc::Endpoint> find_target(const TargetOptions& options) {
    const std::filesystem::path file = options.credentials.empty()
                                           ? rpc::credentials_file()
                                           : std::filesystem::path(options.credentials);
    auto credentials = rpc::read_credentials(file);
    if (!credentials) {
        return credentials.error();
    }
    rpc::Endpoint endpoint = rpc::to_endpoint(*credentials);
    if (!options.scheduler.empty()) {
        endpoint.target = options.scheduler;
    }
    return endpoint;
}

std::vector<std::shared_ptr<grpc::Channel>> open_channels(const rpc::Endpoint& target,
                                                          int clients) {
    std::vector<std::shared_ptr<grpc::Channel>> channels;
    rpc::Endpoint endpoint = target;
    for (int i = 0; i < std::clamp(clients, 1, kMostConnections); ++i) {
        endpoint.connection = i + 1;
        channels.push_back(rpc::open_channel(endpoint));
    }
    return channels;
}

v1::JobSpec no_op_job(const JobOptions& options) {
    v1::JobSpec job;
    job.set_name("bench");
    job.set_tenant(options.tenant);
    job.add_command("true");
    job.set_hold(options.hold == Hold::Yes);
    v1::TaskGroup& group = *job.add_groups();
    group.set_tasks(1);
    group.mutable_resources()->set_gpus(options.gpus);
    group.mutable_resources()->set_cpus(1);
    group.mutable_resources()->set_memory(std::int64_t{64} << 20);
    return job;
}

Result<JobIds> submit_batch(v1::JobService::Stub& stub, const v1::JobSpec& job, int count) {
    v1::SubmitJobsRequest request;
    for (int i = 0; i < count; ++i) {
        *request.add_specs() = job;
    }
    v1::SubmitJobsResponse response;
    const Status done = call(stub, &v1::JobService::Stub::SubmitJobs, request, &response);
    if (!done) {
        return done.error();
    }
    return JobIds(response.job_ids().begin(), response.job_ids().end());
}

Status cancel_all(v1::JobService::Stub& stub, const JobIds& jobs) {
    return for_pieces(stub, &v1::JobService::Stub::CancelJobs, jobs);
}

Status release_all(v1::JobService::Stub& stub, const JobIds& jobs) {
    return for_pieces(stub, &v1::JobService::Stub::ReleaseJobs, jobs);
}

}  // namespace gusu::bench
