// JobService.SubmitJob and SubmitJobs, after the caller is known.
#pragma once

#include "gusu/v1/job_service.pb.h"
#include "scheduler/service/rpc/call.h"

namespace gusu::service {

void submit(const CallPointer<v1::SubmitJobRequest, v1::SubmitJobResponse>& call);
void submit(const CallPointer<v1::SubmitJobsRequest, v1::SubmitJobsResponse>& call);

}  // namespace gusu::service
