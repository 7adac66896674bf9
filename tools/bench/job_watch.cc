#include "tools/bench/job_watch.h"

#include <utility>

namespace gusu::bench {

JobWatch::JobWatch(std::shared_ptr<grpc::Channel> channel, const JobIds& jobs, Seen seen,
                   Ended ended)
    : seen_(std::move(seen)),
      ended_(std::move(ended)),
      stub_(v1::JobService::NewStub(std::move(channel))) {
    request_.mutable_job_ids()->Add(jobs.begin(), jobs.end());
    stub_->async()->WatchJobs(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
}

void JobWatch::OnReadDone(bool ok) {
    if (!ok) {
        return;
    }
    seen_(response_.job());
    StartRead(&response_);
}

}  // namespace gusu::bench
