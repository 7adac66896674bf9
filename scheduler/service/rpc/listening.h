// The gRPC server's own settings: TLS, limits, keepalive.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>

#include <memory>
#include <string>
#include <vector>

#include "gusu/config/v1/scheduler.pb.h"
#include "scheduler/base/host_port.h"
#include "scheduler/base/result.h"
#include "scheduler/service/identity/tls_files.h"

namespace gusu::service {

struct Listening {
    std::unique_ptr<grpc::Server> server;
    HostPort address;  // with the port the system chose
};

struct Served {
    std::vector<grpc::Service*> services = {};
    // Answers every other method; may be null.
    grpc::CallbackGenericService* others = nullptr;
};

// Where others find what listens on `listening`: what the configuration says, or this machine's own
// address in place of all addresses.
std::string reachable_address(const config::v1::SchedulerConfig& config, HostPort listening);

// TLS 1.3. Certificates of clients are asked for and verified, but not required: people bring
// tokens. Also serves grpc.health.v1 and reflection.
Result<Listening> listen(const HostPort& address, const TlsFiles& tls, const Served& served);

}  // namespace gusu::service
