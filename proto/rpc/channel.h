// How the CLI, the agent and the load generator reach a scheduler.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <functional>
#include <memory>
#include <string>

#include "scheduler/base/result.h"

namespace gusu::rpc {

// A scheduler that does not lead names in this trailer the one that does, "host:port".
inline constexpr const char* kLeaderTrailer = "gusu-leader";

struct Endpoint {
    std::string target;       // "host:port"
    std::string authority;    // PEM of the authority that signed the scheduler's certificate
    std::string certificate;  // PEM, of agents; empty for people
    std::string key;
    std::string token;  // of people; sent as "authorization: Bearer ..."
    // Channels may share a connection where this is 0; with any other number a channel has its own.
    // Load generators use it.
    int connection = 0;
};

// TLS (1.3 with our schedulers, which speak nothing older), keepalive, messages up to 64 MiB. Does
// not connect yet. Without an authority the system's own are trusted.
std::shared_ptr<grpc::Channel> open_channel(const Endpoint& endpoint);

// The same to other schedulers of the platform.
std::function<std::shared_ptr<grpc::Channel>(const std::string& target)> opener(Endpoint endpoint);

// A refusal and its way over the wire: ErrorCode <-> grpc code, one to one. Long messages are cut,
// so that they fit the trailers. Of the codes that only gRPC gives, those that a retry may cure
// (DEADLINE_EXCEEDED, CANCELLED, ABORTED) come back as Unavailable.
grpc::Status to_status(const Error& error);
Error to_error(const grpc::Status& status);
// On the client's side: what is Unavailable names the scheduler that was asked.
Error to_error(const grpc::Status& status, const std::string& target);

// 32 hexadecimal characters from the system's random source.
std::string new_request_id();

}  // namespace gusu::rpc
