#include "proto/rpc/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <map>
#include <utility>

#include "scheduler/base/check.h"
#include "scheduler/base/text.h"

namespace gusu::rpc {
namespace {

constexpr int kMostMessageBytes = 64 << 20;
// Trailers are limited to 8 KiB, and every byte beyond ASCII is sent as three.
constexpr std::size_t kMostErrorBytes = 2000;

class BearerToken final : public grpc::MetadataCredentialsPlugin {
public:
    explicit BearerToken(const std::string& token) : value_("Bearer " + token) {}

    bool IsBlocking() const override { return false; }
    grpc::Status GetMetadata(grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
                             std::multimap<grpc::string, grpc::string>* metadata) override {
        metadata->emplace("authorization", value_);
        return grpc::Status::OK;
    }
    grpc::string DebugString() override { return "BearerToken"; }

private:
    std::string value_;
};

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const Endpoint& endpoint) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = endpoint.authority;
    options.pem_cert_chain = endpoint.certificate;
    options.pem_private_key = endpoint.key;
    auto tls = grpc::SslCredentials(options);
    if (endpoint.token.empty()) {
        return tls;
    }
    auto token = grpc::MetadataCredentialsFromPlugin(std::make_unique<BearerToken>(endpoint.token));
    return grpc::CompositeChannelCredentials(tls, token);
}

grpc::StatusCode status_code(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidArgument:
            return grpc::StatusCode::INVALID_ARGUMENT;
        case ErrorCode::NotFound:
            return grpc::StatusCode::NOT_FOUND;
        case ErrorCode::AlreadyExists:
            return grpc::StatusCode::ALREADY_EXISTS;
        case ErrorCode::QuotaExceeded:
            return grpc::StatusCode::RESOURCE_EXHAUSTED;
        case ErrorCode::FailedPrecondition:
            return grpc::StatusCode::FAILED_PRECONDITION;
        case ErrorCode::NotAllowed:
            return grpc::StatusCode::PERMISSION_DENIED;
        case ErrorCode::Unauthenticated:
            return grpc::StatusCode::UNAUTHENTICATED;
        case ErrorCode::Unavailable:
            return grpc::StatusCode::UNAVAILABLE;
        case ErrorCode::Internal:
            break;
    }
    return grpc::StatusCode::INTERNAL;
}

ErrorCode error_code(grpc::StatusCode code) {
    switch (code) {
        case grpc::StatusCode::INVALID_ARGUMENT:
        case grpc::StatusCode::OUT_OF_RANGE:
            return ErrorCode::InvalidArgument;
        case grpc::StatusCode::NOT_FOUND:
            return ErrorCode::NotFound;
        case grpc::StatusCode::ALREADY_EXISTS:
            return ErrorCode::AlreadyExists;
        case grpc::StatusCode::RESOURCE_EXHAUSTED:
            return ErrorCode::QuotaExceeded;
        case grpc::StatusCode::FAILED_PRECONDITION:
            return ErrorCode::FailedPrecondition;
        case grpc::StatusCode::PERMISSION_DENIED:
            return ErrorCode::NotAllowed;
        case grpc::StatusCode::UNAUTHENTICATED:
            return ErrorCode::Unauthenticated;
        case grpc::StatusCode::UNAVAILABLE:
        case grpc::StatusCode::DEADLINE_EXCEEDED:
        case grpc::StatusCode::CANCELLED:
        case grpc::StatusCode::ABORTED:
            return ErrorCode::Unavailable;
        default:
            return ErrorCode::Internal;
    }
}

}  // namespace

std::shared_ptr<grpc::Channel> open_channel(const Endpoint& endpoint) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kMostMessageBytes);
    arguments.SetMaxSendMessageSize(kMostMessageBytes);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20'000);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, endpoint.connection == 0 ? 0 : 1);
    return grpc::CreateCustomChannel(endpoint.target, channel_credentials(endpoint), arguments);
}

std::function<std::shared_ptr<grpc::Channel>(const std::string& target)> opener(Endpoint endpoint) {
    return [endpoint = std::move(endpoint)](const std::string& target) {
        Endpoint there = endpoint;
        there.target = target;
        return open_channel(there);
    };
}

grpc::Status to_status(const Error& error) {
    if (error.message.size() <= kMostErrorBytes) {
        return {status_code(error.code), error.message};
    }
    const std::string_view kept = std::string_view(error.message).substr(0, kMostErrorBytes);
    return {status_code(error.code), std::string(kept.substr(0, valid_utf8_prefix(kept))) + "..."};
}

Error to_error(const grpc::Status& status) {
    std::string message = status.error_message();
    if (message.empty()) {
        message = "the scheduler gave no reason (gRPC code " +
                  std::to_string(static_cast<int>(status.error_code())) + ")";
    }
    return Error{error_code(status.error_code()), std::move(message)};
}

Error to_error(const grpc::Status& status, const std::string& target) {
    Error error = to_error(status);
    if (error.code == ErrorCode::Unavailable) {
        error.message = "scheduler " + target + " cannot be reached: " + error.message;
    }
    return error;
}

std::string new_request_id() {
    std::array<unsigned char, 16> bytes{};
    ssize_t got = 0;
    do {
        got = ::getrandom(bytes.data(), bytes.size(), 0);
    } while (got < 0 && errno == EINTR);
    check(got == static_cast<ssize_t>(bytes.size()), "the system gives random bytes");
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string id;
    for (const unsigned char byte : bytes) {
        id += kDigits[byte >> 4];
        id += kDigits[byte & 15];
    }
    return id;
}

}  // namespace gusu::rpc
