#include "scheduler/service/rpc/listening.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <cstdlib>
#include <mutex>

namespace gusu::service {
namespace {

constexpr int kMostRequestBytes = 8 << 20;

// gRPC lets nobody set the least version of TLS. These are its cipher suites of TLS 1.2, and a
// suite for which no key is ever shared leaves TLS 1.2 without any; those of TLS 1.3 are not
// touched.
void speak_nothing_older_than_tls_1_3() {
    static std::once_flag once;
    std::call_once(once, [] { setenv("GRPC_SSL_CIPHER_SUITES", "PSK-AES128-GCM-SHA256", 1); });
}

std::shared_ptr<grpc::ServerCredentials> credentials(const TlsFiles& tls) {
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = tls.authority;
    options.pem_key_cert_pairs.push_back({tls.key, tls.certificate});
    return grpc::SslServerCredentials(options);
}

void set_limits(grpc::ServerBuilder& builder) {
    builder.SetMaxReceiveMessageSize(kMostRequestBytes);
    builder.SetMaxSendMessageSize(-1);
    // Peers that vanished are found out; peers that ask whether we are there are not sent away.
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
    // A second scheduler on the same port is a mistake, and fails.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

}  // namespace

std::string reachable_address(const config::v1::SchedulerConfig& config, HostPort listening) {
    if (!config.address().empty()) {
        return config.address();
    }
    if (is_every_address(listening.host)) {
        listening.host = "127.0.0.1";
    }
    return format_host_port(listening);
}

Result<Listening> listen(const HostPort& address, const TlsFiles& tls, const Served& served) {
    speak_nothing_older_than_tls_1_3();
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    set_limits(builder);
    int port = 0;
    builder.AddListeningPort(format_host_port(address), credentials(tls), &port);
    for (grpc::Service* service : served.services) {
        builder.RegisterService(service);
    }
    if (served.others != nullptr) {
        builder.RegisterCallbackGenericService(served.others);
    }
    Listening listening{.server = builder.BuildAndStart(), .address = address};
    if (listening.server == nullptr || port == 0) {
        return Error{ErrorCode::FailedPrecondition,
                     "listen: cannot listen on " + format_host_port(address) +
                         "; end what uses it or choose another address"};
    }
    listening.address.port = static_cast<std::uint16_t>(port);
    return listening;
}

}  // namespace gusu::service
