// JobService.ExecTask: a program beside that of a running task.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "gusu/v1/job_service.pb.h"
#include "scheduler/service/rpc/platform.h"

namespace gusu::service {

grpc::ServerBidiReactor<v1::ExecTaskRequest, v1::ExecTaskResponse>* exec_task(
    Platform& platform, grpc::CallbackServerContext& context);

}  // namespace gusu::service
