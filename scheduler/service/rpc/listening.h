// The gRPC server's own settings: TLS, limits, keepalive.
#pragma once

#include <grpcpp/server.h>

#include <memory>
#include <string>
#include <vector>

#include "scheduler/base/host_port.h"
#include "scheduler/base/result.h"
#include "scheduler/service/identity/tls_files.h"

namespace gusu::service {

struct Listening {
    std::unique_ptr<grpc::Server> server;
    HostPort address;  // with the port the system chose
};

// TLS 1.3. Certificates of clients are asked for and verified, but not required: people bring
// tokens. Also serves grpc.health.v1 and reflection.
Result<Listening> listen(const HostPort& address, const TlsFiles& tls,
                         const std::vector<grpc::Service*>& services);

}  // namespace gusu::service
