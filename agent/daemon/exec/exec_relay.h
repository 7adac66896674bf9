// One program in a task, between this node and the scheduler: a socket on the one side, a stream on
// the other. Two threads hand across what is said, each waiting for the slower of its two sides, so
// nothing is kept. Blocks until it is over.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <string>

#include "agent/supervisor/descriptor.h"
#include "gusu/v1/agent_service.pb.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

using SchedulerChannel = std::shared_ptr<grpc::Channel>;

// A program that runs here: its output goes to the scheduler, which asked for it as `exec_id`.
void relay_program(const SchedulerChannel& channel, grpc::ClientContext& context,
                   const std::string& exec_id, const Descriptor& socket);
// One that does not: why.
void relay_failure(const SchedulerChannel& channel, grpc::ClientContext& context,
                   const std::string& exec_id, const std::string& failure);
// A program that a task of this node wants to run in another task of its job.
void relay_step(const SchedulerChannel& channel, grpc::ClientContext& context,
                const v1::TaskKey& from, const Descriptor& socket);

}  // namespace gusu::agent
