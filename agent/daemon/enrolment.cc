#include "agent/daemon/enrolment.h"

#include <grpcpp/client_context.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string_view>

#include "agent/daemon/files.h"
#include "gusu/v1/agent_service.grpc.pb.h"
#include "proto/rpc/channel.h"
#include "scheduler/base/log.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

constexpr auto kAnswer = std::chrono::seconds(20);

template <auto Free>
struct Freeing {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using Request = std::unique_ptr<X509_REQ, Freeing<X509_REQ_free>>;
using Bio = std::unique_ptr<BIO, Freeing<BIO_free_all>>;

std::string text_of(BIO* bio) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    return {text, static_cast<std::size_t>(size)};
}

bool name_and_sign(X509_REQ* request, EVP_PKEY* key, const std::string& node) {
    const auto* name = reinterpret_cast<const unsigned char*>(node.data());
    return X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request), NID_commonName,
                                      MBSTRING_UTF8, name, static_cast<int>(node.size()), -1,
                                      0) == 1 &&
           X509_REQ_set_pubkey(request, key) == 1 && X509_REQ_sign(request, key, EVP_sha256()) > 0;
}

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

Result<Identity> enrol(const config::v1::AgentConfig& config, const std::string& authority,
                       const fs::path& folder) {
    const auto token = read_token(config);
    if (!token) {
        return token.error();
    }
    const auto key = make_node_key(config.node());
    if (!key) {
        return key.error();
    }
    v1::EnrolRequest request;
    request.set_node(config.node());
    request.set_token(*token);
    request.set_certificate_request(key->request);
    auto response = ask(config, authority, request);
    if (!response) {
        return response.error();
    }
    // The certificate comes last: with it the pair is complete.
    for (const auto& [name, content] :
         {std::pair("node.key", key->key), std::pair("node.pem", response->certificate())}) {
        if (const Status kept = replace_file(folder / name, content, 0600); !kept) {
            return kept.error();
        }
    }
    spdlog::info("enrolled node={}", config.node());
    return Identity{
        .authority = authority, .certificate = response->certificate(), .key = key->key};
}

}  // namespace

Result<NodeKey> make_node_key(const std::string& node) {
    const Key key(EVP_EC_gen("P-256"));
    const Request request(X509_REQ_new());
    const Bio key_text(BIO_new(BIO_s_mem()));
    const Bio request_text(BIO_new(BIO_s_mem()));
    const bool made = key != nullptr && request != nullptr &&
                      name_and_sign(request.get(), key.get(), node) &&
                      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0,
                                                    nullptr, nullptr) == 1 &&
                      PEM_write_bio_X509_REQ(request_text.get(), request.get()) == 1;
    if (!made) {
        return Error{ErrorCode::Internal, "OpenSSL cannot make a key for node " + quote(node)};
    }
    return NodeKey{.key = text_of(key_text.get()), .request = text_of(request_text.get())};
}

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
