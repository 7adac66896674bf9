// JobService.ListJobs, after the caller is known.
#pragma once

#include "gusu/v1/job_service.pb.h"
#include "scheduler/service/rpc/call.h"

namespace gusu::service {

void list_jobs(const CallPointer<v1::ListJobsRequest, v1::ListJobsResponse>& call);

}  // namespace gusu::service
