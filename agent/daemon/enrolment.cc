#include "agent/daemon/enrolment.h"

#include <grpcpp/client_context.h>

#include <chrono>
#include <string_view>

#include "agent/daemon/files.h"
#include "gusu/v1/agent_service.grpc.pb.h"
#include "proto/rpc/channel.h"
#include "proto/rpc/node_key.h"
#include "scheduler/base/log.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

constexpr auto kAnswer = std::chrono::seconds(20);

Result<std::string> read_token(const config::v1::AgentConfig& config) {
    if (config.enrolment_token_file().empty()) {
        return Error{ErrorCode::FailedPrecondition,
                     "node " + quote(config.node()) +
                         " has no certificate yet, and enrolment_token_file is not set; make a "
                         "token (gusu token create --node " +
                         config.node() + ") and name its file"};
    }
    auto token = read_file(config.enrolment_token_file());
    if (!token) {
        return Error{token.error().code, "enrolment_token_file: " + token.error().message};
    }
    const std::string_view blanks = " \t\r\n";
    token->erase(token->find_last_not_of(blanks) + 1);
    token->erase(0, token->find_first_not_of(blanks));
    if (token->empty()) {
        return Error{ErrorCode::InvalidArgument,
                     "enrolment_token_file: " + quote(config.enrolment_token_file()) +
                         " holds no token; make one: gusu token create --node " + config.node()};
    }
    return token;
}

// Asks one scheduler after the other, until one has an answer.
Result<v1::EnrolResponse> ask(const config::v1::AgentConfig& config, const std::string& authority,
                              const v1::EnrolRequest& request) {
    Error last{ErrorCode::Unavailable, "no scheduler is configured"};
    for (const std::string& target : config.schedulers()) {
        rpc::Endpoint endpoint;
        endpoint.target = target;
        endpoint.authority = authority;
        const auto stub = v1::AgentService::NewStub(rpc::open_channel(endpoint));
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + kAnswer);
        v1::EnrolResponse response;
        const grpc::Status status = stub->Enrol(&context, request, &response);
        if (status.ok()) {
            return response;
        }
        last = rpc::to_error(status, target);
        if (last.code != ErrorCode::Unavailable) {
            break;
        }
    }
    return Error{last.code, "enrolment of node " + quote(config.node()) + ": " + last.message};
}

// The one it has already asked with, or a new one.
Result<std::string> key_to_ask_with(const fs::path& folder) {
    if (auto kept = read_file(folder / "node.key")) {
        return kept;
    }
    auto made = rpc::make_node_key();
    if (!made) {
        return made;
    }
    // A certificate whose key is lost is good for nothing, and must not pass for the new key's.
    std::error_code failure;
    fs::remove(folder / "node.pem", failure);
    if (failure) {
        return Error{ErrorCode::Unavailable,
                     (folder / "node.pem").string() + " cannot be removed: " + failure.message()};
    }
    if (const Status kept = replace_file(folder / "node.key", *made, 0600); !kept) {
        return kept.error();
    }
    return made;
}

Result<Identity> enrol(const config::v1::AgentConfig& config, const std::string& authority,
                       const fs::path& folder) {
    const auto token = read_token(config);
    if (!token) {
        return token.error();
    }
    const auto key = key_to_ask_with(folder);
    if (!key) {
        return key.error();
    }
    const auto signed_request = rpc::certificate_request(*key, config.node());
    if (!signed_request) {
        return Error{signed_request.error().code,
                     (folder / "node.key").string() + " " + signed_request.error().message};
    }
    v1::EnrolRequest request;
    request.set_node(config.node());
    request.set_token(*token);
    request.set_certificate_request(*signed_request);
    auto response = ask(config, authority, request);
    if (!response) {
        return response.error();
    }
    if (const Status kept = replace_file(folder / "node.pem", response->certificate(), 0600);
        !kept) {
        return kept.error();
    }
    spdlog::info("enrolled node={}", config.node());
    return Identity{.authority = authority, .certificate = response->certificate(), .key = *key};
}

}  // namespace

Result<Identity> identity_of(const config::v1::AgentConfig& config) {
    const auto authority = read_file(config.authority());
    if (!authority) {
        return Error{authority.error().code, "authority: " + authority.error().message};
    }
    const fs::path folder = fs::path(config.state_dir()) / "identity";
    if (const Status made = make_folder(folder, 0700); !made) {
        return made.error();
    }
    auto certificate = read_file(folder / "node.pem");
    auto key = read_file(folder / "node.key");
    if (certificate && key) {
        return Identity{.authority = *authority, .certificate = *certificate, .key = *key};
    }
    return enrol(config, *authority, folder);
}

}  // namespace gusu::agent
