#include <gmock/gmock.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "gusu/v1/identity_service.grpc.pb.h"
#include "proto/rpc/channel.h"

namespace gusu::rpc {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

struct KeyPair {
    std::string certificate;
    std::string key;
};

std::string pem_of(BIO* memory) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory, &text);
    std::string pem(text, static_cast<std::size_t>(size));
    BIO_free(memory);
    return pem;
}

// A certificate for 127.0.0.1 that is its own authority.
KeyPair make_key_pair() {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* const name = X509_get_subject_name(certificate);
    const unsigned char common_name[] = "gusu test";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_EXTENSION* const address =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(certificate, address, -1);
    X509_EXTENSION_free(address);
    X509_sign(certificate, key, EVP_sha256());
    KeyPair pair;
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(memory, certificate);
    pair.certificate = pem_of(memory);
    memory = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(memory, key, nullptr, nullptr, 0, nullptr, nullptr);
    pair.key = pem_of(memory);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return pair;
}

// Answers with the token it was shown, and the name in the certificate it was shown.
class EchoIdentity final : public v1::IdentityService::Service {
    grpc::Status WhoAmI(grpc::ServerContext* context, const v1::WhoAmIRequest*,
                        v1::WhoAmIResponse* response) override {
        const auto& metadata = context->client_metadata();
        const auto token = metadata.find("authorization");
        const std::string shown = token == metadata.end()
                                      ? "no token"
                                      : std::string(token->second.data(), token->second.size());
        const auto names = context->auth_context()->FindPropertyValues("x509_common_name");
        response->set_user(shown + (names.empty() ? "" : " and a certificate"));
        return grpc::Status::OK;
    }
};

class ChannelTest : public testing::Test {
protected:
    void SetUp() override {
        grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
        options.pem_root_certs = pair_.certificate;
        options.pem_key_cert_pairs.push_back({pair_.key, pair_.certificate});
        grpc::ServerBuilder builder;
        builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(options), &port_);
        builder.RegisterService(&service_);
        server_ = builder.BuildAndStart();
        ASSERT_NE(server_, nullptr);
    }

    Result<std::string> who_am_i(const Endpoint& endpoint) {
        const auto stub = v1::IdentityService::NewStub(open_channel(endpoint));
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + 20s);
        v1::WhoAmIResponse response;
        const grpc::Status status = stub->WhoAmI(&context, {}, &response);
        if (!status.ok()) {
            return to_error(status, endpoint.target);
        }
        return response.user();
    }

    std::string target() const { return "127.0.0.1:" + std::to_string(port_); }

    const KeyPair pair_ = make_key_pair();
    int port_ = 0;
    EchoIdentity service_;
    std::unique_ptr<grpc::Server> server_;
};

TEST_F(ChannelTest, EveryCallShowsTheToken) {
    for (const int connection : {0, 1, 2}) {
        const auto user = who_am_i({.target = target(),
                                    .authority = pair_.certificate,
                                    .certificate = "",
                                    .key = "",
                                    .token = "secret",
                                    .connection = connection});
        ASSERT_TRUE(user.ok()) << user.error().message;
        EXPECT_EQ(*user, "Bearer secret");
    }
}

TEST_F(ChannelTest, AgentsShowTheirCertificate) {
    const auto user = who_am_i({.target = target(),
                                .authority = pair_.certificate,
                                .certificate = pair_.certificate,
                                .key = pair_.key,
                                .token = ""});
    ASSERT_TRUE(user.ok()) << user.error().message;
    EXPECT_EQ(*user, "no token and a certificate");
}

TEST_F(ChannelTest, RefusesASchedulerOfAnotherAuthority) {
    const auto user = who_am_i({.target = target(),
                                .authority = make_key_pair().certificate,
                                .certificate = "",
                                .key = "",
                                .token = "secret"});
    ASSERT_FALSE(user.ok());
    EXPECT_EQ(user.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(user.error().message, StartsWith("scheduler " + target() + " cannot be reached: "));
}

TEST_F(ChannelTest, NamesTheSchedulerNobodyRuns) {
    // Bound but not listening: nobody else gets this port, and connections are refused.
    const int held = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ASSERT_EQ(::bind(held, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::getsockname(held, reinterpret_cast<sockaddr*>(&address), &size), 0);
    const std::string nobody = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    const auto user = who_am_i({.target = nobody,
                                .authority = pair_.certificate,
                                .certificate = "",
                                .key = "",
                                .token = "secret"});
    ::close(held);
    ASSERT_FALSE(user.ok());
    EXPECT_EQ(user.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(user.error().message, StartsWith("scheduler " + nobody + " cannot be reached: "));
    EXPECT_THAT(user.error().message, HasSubstr("onnection refused"));
}

}  // namespace
}  // namespace gusu::rpc
