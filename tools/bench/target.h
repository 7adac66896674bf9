// The scheduler under load, and the jobs it is given.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <vector>

#include "gusu/v1/job_service.grpc.pb.h"
#include "proto/rpc/channel.h"
#include "scheduler/base/result.h"

namespace gusu::bench {

// More connections than this measure the load generator.
inline constexpr int kMostConnections = 8;

struct TargetOptions {
    std::string credentials;  // file; empty: where `gusu login` keeps it
    std::string scheduler;    // "host:port"; empty: the one of the credentials
};
Result<rpc::Endpoint> find_target(const TargetOptions& options);

// Channels with a connection each, as many as clients but at most kMostConnections.
std::vector<std::shared_ptr<grpc::Channel>> open_channels(const rpc::Endpoint& target, int clients);

enum class Hold { No, Yes };

struct JobOptions {
    std::string tenant;
    double gpus = 0;
    Hold hold = Hold::No;
};
// `true`, on one core.
v1::JobSpec no_op_job(const JobOptions& options);

using JobIds = std::vector<std::string>;
// Tries again, with the same request id, while the scheduler is away.
Result<JobIds> submit_batch(v1::JobService::Stub& stub, const v1::JobSpec& job, int count);
// In pieces.
Status cancel_all(v1::JobService::Stub& stub, const JobIds& jobs);
Status release_all(v1::JobService::Stub& stub, const JobIds& jobs);

}  // namespace gusu::bench
