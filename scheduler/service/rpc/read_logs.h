// JobService.ReadLogs: the output of one task, over all attempts if it is followed.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "gusu/v1/job_service.pb.h"
#include "scheduler/service/rpc/platform.h"

namespace gusu::service {

grpc::ServerWriteReactor<v1::ReadLogsResponse>* read_logs(Platform& platform,
                                                          grpc::CallbackServerContext& context,
                                                          const v1::ReadLogsRequest& request);

}  // namespace gusu::service
