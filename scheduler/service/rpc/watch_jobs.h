// JobService.WatchJobs: the named jobs now, and again whenever one changes.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "gusu/v1/job_service.pb.h"
#include "scheduler/service/rpc/platform.h"

namespace gusu::service {

grpc::ServerWriteReactor<v1::WatchJobsResponse>* watch_jobs(Platform& platform,
                                                            grpc::CallbackServerContext& context,
                                                            const v1::WatchJobsRequest& request);

}  // namespace gusu::service
