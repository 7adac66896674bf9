// One watch of some jobs, until all of them have ended.
#pragma once

#include <functional>
#include <memory>

#include "gusu/v1/job_service.grpc.pb.h"
#include "tools/bench/target.h"

namespace gusu::bench {

class JobWatch final : public grpc::ClientReadReactor<v1::WatchJobsResponse> {
public:
    using Seen = std::function<void(const v1::Job&)>;
    using Ended = std::function<void(const grpc::Status&)>;

    // Begins at once. Both are called on gRPC's threads, `ended` once and last; only then may this
    // be destroyed.
    JobWatch(std::shared_ptr<grpc::Channel> channel, const JobIds& jobs, Seen seen, Ended ended);

    void stop() { context_.TryCancel(); }

private:
    void OnReadDone(bool ok) override;
    void OnDone(const grpc::Status& status) override { ended_(status); }

    const Seen seen_;
    const Ended ended_;
    std::unique_ptr<v1::JobService::Stub> stub_;
    grpc::ClientContext context_;
    v1::WatchJobsRequest request_;
    v1::WatchJobsResponse response_;
};

}  // namespace gusu::bench
