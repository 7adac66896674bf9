// How the CLI, the agent and the load generator reach a scheduler.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <string>

#include "scheduler/base/result.h"

namespace gusu::rpc {

struct Endpoint {
    std::string target;         // "host:port"
    std::string authority;      // PEM of the authority that signed the scheduler's certificate
    std::string certificate;    // PEM, of agents; empty for people
    std::string key;
    std::string token;          // of people; sent as "authorization: Bearer ..."
    // Channels of one process share a connection unless these differ. Load generators use it.
    int connection = 0;
};

// TLS 1.3 only, keepalive, messages up to 64 MiB. Does not connect yet.
std::shared_ptr<grpc::Channel> open_channel(const Endpoint& endpoint);

// A refusal and its way over the wire: ErrorCode <-> grpc code, one to one.
grpc::Status to_status(const Error& error);
Error to_error(const grpc::Status& status);

// 32 hexadecimal characters from the system's random source.
std::string new_request_id();

}  // namespace gusu::rpc
