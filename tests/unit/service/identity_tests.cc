// Certificates are tried where they matter: in TLS handshakes between two ends in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <set>

#include "scheduler/service/identity/atomic_file.h"
#include "scheduler/service/identity/certificates.h"
#include "scheduler/service/identity/openssl.h"
#include "scheduler/service/identity/secrets.h"
#include "scheduler/service/identity/tls_files.h"
#include "tests/unit/service/scratch_folder.h"

namespace gusu::service {
namespace {

using std::chrono::days;
using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

openssl::Key ec_key(const char* curve) { return openssl::Key(EVP_EC_gen(curve)); }
openssl::Key rsa_key(unsigned int bits) { return openssl::Key(EVP_RSA_gen(bits)); }

// What an agent sends to enrol.
std::string make_request(EVP_PKEY& key, const std::vector<std::string>& common_names,
                         EVP_PKEY* signer = nullptr) {
    const openssl::Request request(X509_REQ_new());
    for (const std::string& name : common_names) {
        X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request.get()), NID_commonName,
                                   MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(name.data()),
                                   static_cast<int>(name.size()), -1, 0);
    }
    X509_REQ_set_pubkey(request.get(), &key);
    X509_REQ_sign(request.get(), signer == nullptr ? &key : signer, EVP_sha256());
    const openssl::Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509_REQ(bio.get(), request.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

// A node's pair as the authority signs it.
KeyPair node_pair(const KeyPair& authority, const std::string& node, Time now) {
    const openssl::Key key = ec_key("P-256");
    const Result<std::string> certificate =
        sign_node_request(authority, make_request(*key, {node}), node, now);
    return {.certificate = *certificate, .key = *openssl::write_key(*key)};
}

using Context = std::unique_ptr<SSL_CTX, openssl::Freeing<SSL_CTX_free>>;
using Tls = std::unique_ptr<SSL, openssl::Freeing<SSL_free>>;

Context make_context(const SSL_METHOD* method, const KeyPair& own, const std::string& authority,
                     Time now) {
    Context context(SSL_CTX_new(method));
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    const auto trusted = openssl::read_certificate(authority);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), trusted->get());
    X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(context.get()), to_milliseconds(now) / 1000);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    if (!own.certificate.empty()) {
        SSL_CTX_use_certificate(context.get(), openssl::read_certificate(own.certificate)->get());
        SSL_CTX_use_PrivateKey(context.get(), openssl::read_key(own.key)->get());
    }
    return context;
}

struct Handshake {
    KeyPair server;
    KeyPair client;
    std::string authority;
    std::string server_chain = "";  // a certificate the server sends besides its own
    std::string host = "localhost";
    Time now;
};

// "", or why one of the ends refuses the other.
std::string shake_hands(const Handshake& ends) {
    const Context server_context =
        make_context(TLS_server_method(), ends.server, ends.authority, ends.now);
    if (!ends.server_chain.empty()) {
        SSL_CTX_add1_chain_cert(server_context.get(),
                                openssl::read_certificate(ends.server_chain)->get());
    }
    const Context client_context =
        make_context(TLS_client_method(), ends.client, ends.authority, ends.now);
    const Tls server(SSL_new(server_context.get()));
    const Tls client(SSL_new(client_context.get()));
    BIO* server_end = nullptr;
    BIO* client_end = nullptr;
    BIO_new_bio_pair(&server_end, 0, &client_end, 0);
    SSL_set_bio(server.get(), server_end, server_end);
    SSL_set_bio(client.get(), client_end, client_end);
    SSL_set_accept_state(server.get());
    SSL_set_connect_state(client.get());
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(client.get()), ends.host.c_str()) != 1) {
        SSL_set1_host(client.get(), ends.host.c_str());
    }
    for (int round = 0; round < 10; ++round) {
        for (const Tls* end : {&client, &server}) {
            ERR_clear_error();
            const int done = SSL_do_handshake(end->get());
            const int error = SSL_get_error(end->get(), done);
            if (done != 1 && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
                return std::string(end == &client ? "client: " : "server: ") +
                       X509_verify_cert_error_string(SSL_get_verify_result(end->get())) + ", " +
                       ERR_reason_error_string(ERR_peek_error());
            }
        }
    }
    const bool both = SSL_is_init_finished(client.get()) && SSL_is_init_finished(server.get());
    return both ? "" : "neither end comes to an end";
}

class Certificates : public testing::Test {
protected:
    const Time now = calendar_now();
    const KeyPair authority = *make_authority("Test authority", now);
    const KeyPair server =
        *make_server_certificate(authority, {"head.suda.edu.cn", "10.1.2.3"}, now);
    const KeyPair node = node_pair(authority, "node-1", now);

    Handshake both() const {
        return {.server = server, .client = node, .authority = authority.certificate, .now = now};
    }
};

TEST_F(Certificates, ServerAndNodeAcceptEachOtherUnderEveryName) {
    for (const char* host : {"localhost", "127.0.0.1", "::1", "head.suda.edu.cn", "10.1.2.3"}) {
        Handshake ends = both();
        ends.host = host;
        EXPECT_EQ(shake_hands(ends), "") << host;
    }
}

TEST_F(Certificates, AServerUnderAnotherNameIsRefused) {
    Handshake ends = both();
    ends.host = "evil.example";
    EXPECT_THAT(shake_hands(ends), HasSubstr("client: hostname mismatch"));
    ends.host = "10.1.2.4";
    EXPECT_THAT(shake_hands(ends), HasSubstr("client: IP address mismatch"));
}

TEST_F(Certificates, AnotherAuthoritysNodeIsRefused) {
    const KeyPair stranger = *make_authority("Another", now);
    Handshake ends = both();
    ends.client = node_pair(stranger, "node-1", now);
    EXPECT_THAT(shake_hands(ends), HasSubstr("server: unable to get local issuer certificate"));
}

TEST_F(Certificates, ANodeWithoutCertificateIsRefused) {
    Handshake ends = both();
    ends.client = {};
    EXPECT_THAT(shake_hands(ends), HasSubstr("peer did not return a certificate"));
}

TEST_F(Certificates, ANodeCannotPlayTheServerNorTheServerANode) {
    Handshake ends = both();
    ends.server = node;
    EXPECT_THAT(shake_hands(ends), HasSubstr("client: unsuitable certificate purpose"));
    ends = both();
    ends.client = server;
    EXPECT_THAT(shake_hands(ends), HasSubstr("server: unsuitable certificate purpose"));
}

TEST_F(Certificates, ANodeCannotSignForOthers) {
    const KeyPair forged = *make_server_certificate(node, {}, now);
    Handshake ends = both();
    ends.server = forged;
    ends.server_chain = node.certificate;
    EXPECT_THAT(shake_hands(ends), HasSubstr("client: invalid CA certificate"));
}

TEST_F(Certificates, LivesEndInTime) {
    Handshake ends = both();
    ends.now = now + kNodeLife - hours(1);
    EXPECT_EQ(shake_hands(ends), "");
    ends.now = now + kNodeLife + hours(1);
    EXPECT_THAT(shake_hands(ends), HasSubstr("server: certificate has expired"));
    ends.now = now + kServerLife + hours(1);
    EXPECT_THAT(shake_hands(ends), HasSubstr("client: certificate has expired"));
    ends.now = now - hours(2);
    EXPECT_THAT(shake_hands(ends), HasSubstr("certificate is not yet valid"));
}

TEST_F(Certificates, NoneOutlivesItsAuthority) {
    const Time late = now + kAuthorityLife - days(10);
    const Result<KeyPair> last = make_server_certificate(authority, {}, late);
    ASSERT_TRUE(last.ok());
    EXPECT_EQ(read_facts(last->certificate)->not_after,
              read_facts(authority.certificate)->not_after);
    const Result<KeyPair> too_late = make_server_certificate(authority, {}, now + kAuthorityLife);
    ASSERT_FALSE(too_late.ok());
    EXPECT_THAT(too_late.error().message, HasSubstr("the authority's certificate expired on 20"));
}

TEST_F(Certificates, FactsTellNamesInOrder) {
    const Result<CertificateFacts> facts = read_facts(server.certificate);
    ASSERT_TRUE(facts.ok());
    EXPECT_EQ(facts->common_name, "gusu-scheduler");
    EXPECT_THAT(facts->names,
                ElementsAre("10.1.2.3", "127.0.0.1", "::1", "head.suda.edu.cn", "localhost"));
    EXPECT_EQ(read_facts(node.certificate)->common_name, "node-1");
}

TEST_F(Certificates, TheAuthorityIsOneAndSerialsAreLongAndDiffer) {
    const auto read = openssl::read_certificate(authority.certificate);
    EXPECT_EQ(X509_check_ca(read->get()), 1);
    EXPECT_EQ(X509_get_pathlen(read->get()), 0);
    EXPECT_EQ(X509_get_key_usage(read->get()), std::uint32_t{KU_KEY_CERT_SIGN | KU_CRL_SIGN});
    std::set<std::string> serials;
    for (int i = 0; i < 20; ++i) {
        const auto made =
            openssl::read_certificate(make_server_certificate(authority, {}, now)->certificate);
        const openssl::Number number(
            ASN1_INTEGER_to_BN(X509_get0_serialNumber(made->get()), nullptr));
        EXPECT_LE(BN_num_bits(number.get()), 128);
        EXPECT_GT(BN_num_bits(number.get()), 90);
        char* text = BN_bn2hex(number.get());
        serials.insert(text);
        OPENSSL_free(text);
    }
    EXPECT_EQ(serials.size(), 20U);
}

TEST_F(Certificates, StrangeServerNamesAreRefused) {
    for (const char* name : {"", "a b", "x,IP:10.0.0.1", "256.1.1.1", "-a", "a..b", "DNS:x"}) {
        const Result<KeyPair> made = make_server_certificate(authority, {name}, now);
        ASSERT_FALSE(made.ok()) << name;
        EXPECT_THAT(made.error().message,
                    HasSubstr("neither a host name nor an IPv4 or IPv6 address"));
    }
}

struct RequestCase {
    const char* what;
    std::function<std::string()> request;
    const char* refusal;  // "" if it is granted
};

TEST_F(Certificates, RequestsOfNodes) {
    const openssl::Key key = ec_key("P-256");
    const openssl::Key other = ec_key("P-256");
    const RequestCase cases[] = {
        {"EC P-256", [&] { return make_request(*key, {"node-1"}); }, ""},
        {"EC P-384", [] { return make_request(*ec_key("P-384"), {"node-1"}); }, ""},
        {"RSA 2048", [] { return make_request(*rsa_key(2048), {"node-1"}); }, ""},
        {"RSA 1024", [] { return make_request(*rsa_key(1024), {"node-1"}); },
         "\"RSA 1024\"; use EC"},
        {"EC P-521", [] { return make_request(*ec_key("P-521"), {"node-1"}); }, "\"EC secp521r1\""},
        {"another node", [&] { return make_request(*key, {"node-2"}); },
         "names \"node-2\" and the token is for node \"node-1\""},
        {"another case", [&] { return make_request(*key, {"Node-1"}); }, "names \"Node-1\""},
        {"a longer name", [&] { return make_request(*key, {std::string("node-1\0x", 8)}); },
         "names \"node-1\\x00x\""},
        {"two names", [&] { return make_request(*key, {"node-1", "root"}); }, "names \"\""},
        {"no name", [&] { return make_request(*key, {}); }, "names \"\""},
        {"a key it does not hold", [&] { return make_request(*key, {"node-1"}, other.get()); },
         "is not signed by the key it names"},
        {"no request", [] { return std::string("hello"); }, "holds no certificate request in PEM"},
        {"a certificate", [&] { return authority.certificate; },
         "holds no certificate request in PEM"},
    };
    for (const RequestCase& one : cases) {
        const Result<std::string> signed_one =
            sign_node_request(authority, one.request(), "node-1", now);
        if (one.refusal[0] == '\0') {
            EXPECT_TRUE(signed_one.ok()) << one.what;
            continue;
        }
        ASSERT_FALSE(signed_one.ok()) << one.what;
        EXPECT_THAT(signed_one.error().message, HasSubstr(one.refusal)) << one.what;
    }
}

// --- files

mode_t mode_of(const fs::path& file) {
    struct stat found{};
    return stat(file.c_str(), &found) == 0 ? found.st_mode & 07777U : 0;
}

class TlsState : public testing::Test {
protected:
    const ScratchFolder scratch;
    const fs::path state = scratch.path() / "state";
    const Time now = calendar_now();
    config::v1::TlsConfig tls;

    TlsFiles provide(Time at) {
        Result<TlsFiles> files = provide_tls(tls, state, at);
        EXPECT_TRUE(files.ok()) << (files ? "" : files.error().message);
        return files ? *files : TlsFiles{};
    }
    std::string refusal() {
        const Result<TlsFiles> files = provide_tls(tls, state, now);
        return files ? "" : files.error().message;
    }
};

TEST_F(TlsState, TheFirstStartMakesWhatWorksAndTheSecondReusesIt) {
    const TlsFiles first = provide(now);
    const KeyPair authority{.certificate = first.authority, .key = first.authority_key};
    EXPECT_EQ(shake_hands({.server = {.certificate = first.certificate, .key = first.key},
                           .client = node_pair(authority, "n1", now),
                           .authority = first.authority,
                           .now = now}),
              "");
    EXPECT_EQ(mode_of(state / "tls"), 0700U);
    EXPECT_EQ(mode_of(state / "tls/authority.key"), 0600U);
    EXPECT_EQ(mode_of(state / "tls/server.key"), 0600U);
    EXPECT_EQ(mode_of(state / "tls/authority.pem"), 0644U);
    const TlsFiles second = provide(now + days(1));
    EXPECT_EQ(second.certificate, first.certificate);
    EXPECT_EQ(second.key, first.key);
    EXPECT_EQ(second.authority, first.authority);
    EXPECT_EQ(second.authority_key, first.authority_key);
    const auto entries =
        std::distance(fs::directory_iterator(state / "tls"), fs::directory_iterator());
    EXPECT_EQ(entries, 4) << "no temporary file stays";
}

TEST_F(TlsState, TheServersPairIsRenewedBeforeItExpires) {
    const TlsFiles first = provide(now);
    EXPECT_EQ(provide(now + kServerLife - days(31)).certificate, first.certificate);
    const TlsFiles renewed = provide(now + kServerLife - days(29));
    EXPECT_NE(renewed.certificate, first.certificate);
    EXPECT_NE(renewed.key, first.key);
    EXPECT_EQ(renewed.authority, first.authority);
}

TEST_F(TlsState, TheServersPairFollowsTheNames) {
    const TlsFiles first = provide(now);
    tls.add_names("head.suda.edu.cn");
    const TlsFiles named = provide(now);
    EXPECT_NE(named.certificate, first.certificate);
    EXPECT_THAT(read_facts(named.certificate)->names, testing::Contains("head.suda.edu.cn"));
    EXPECT_EQ(provide(now).certificate, named.certificate);
}

TEST_F(TlsState, ACrashBetweenTheFilesIsHealed) {
    const TlsFiles first = provide(now);
    ASSERT_TRUE(
        write_file_atomically(state / "tls/server.key", *openssl::write_key(*ec_key("P-256")), 0600)
            .ok());
    const TlsFiles healed = provide(now);
    EXPECT_TRUE(key_belongs_to(healed.key, healed.certificate));
    EXPECT_EQ(healed.authority, first.authority);
    // At the very first start only the authority's key was written.
    for (const char* file : {"authority.pem", "server.pem", "server.key"}) {
        fs::remove(state / "tls" / file);
    }
    const TlsFiles anew = provide(now);
    EXPECT_TRUE(signed_by(anew.authority, anew.certificate));
}

TEST_F(TlsState, ALostOrWrongAuthorityKeyIsTold) {
    provide(now);
    ASSERT_TRUE(write_file_atomically(state / "tls/authority.key",
                                      *openssl::write_key(*ec_key("P-256")), 0600)
                    .ok());
    EXPECT_THAT(refusal(), HasSubstr("tls/authority.key: is not the key of "));
    fs::remove(state / "tls/authority.key");
    EXPECT_THAT(refusal(),
                HasSubstr("tls/authority.key: is missing or unreadable; restore it from a "
                          "backup, or remove the folder "));
}

TEST_F(TlsState, NamedFilesAreReadAndChecked) {
    const TlsFiles made = provide(now);
    const fs::path folder = state / "tls";
    tls.set_certificate(folder / "server.pem");
    EXPECT_EQ(
        refusal(),
        "tls.key: names no file; name tls.certificate, tls.key and tls.authority, or none of them "
        "to have them made");
    tls.set_key(folder / "server.key");
    tls.set_authority(folder / "authority.pem");
    EXPECT_EQ(refusal(), "");
    EXPECT_EQ(provide(now).authority_key, "");
    tls.set_authority_key(folder / "authority.key");
    EXPECT_EQ(provide(now).authority_key, made.authority_key);

    tls.set_key(folder / "authority.key");
    EXPECT_EQ(refusal(), (folder / "authority.key").string() + ": is not the key of " +
                             (folder / "server.pem").string() + " (PEM, without passphrase)");
    tls.set_key(folder / "gone.key");
    EXPECT_EQ(refusal(), "tls.key: " + (folder / "gone.key").string() +
                             ": cannot be read: No such file or directory");
    tls.set_key(folder / "server.key");
    fs::permissions(folder / "server.key", fs::perms::others_read, fs::perm_options::add);
    EXPECT_THAT(refusal(), HasSubstr("everybody on this machine can reach this key; chmod o= /"));
    fs::permissions(folder / "server.key", fs::perms::others_all, fs::perm_options::remove);
    const Result<TlsFiles> late = provide_tls(tls, state, now + kServerLife + days(1));
    ASSERT_FALSE(late.ok());
    EXPECT_THAT(late.error().message, HasSubstr("server.pem: expired on 20"));
}

// --- secrets

TEST(Secrets, AreLongAndDiffer) {
    std::set<std::string> secrets;
    std::set<std::string> ids;
    for (int i = 0; i < 1000; ++i) {
        secrets.insert(new_secret());
        ids.insert(new_token_id());
    }
    EXPECT_EQ(secrets.size(), 1000U);
    EXPECT_EQ(ids.size(), 1000U);
    EXPECT_THAT(*secrets.begin(), testing::MatchesRegex("gusu_[A-Za-z0-9_-]{43}"));
    EXPECT_THAT(*ids.begin(), testing::MatchesRegex("[0-9a-f]{12}"));
    EXPECT_TRUE(looks_like_secret(*secrets.begin()));
}

TEST(Secrets, HashIsSha256) {
    EXPECT_EQ(hash_secret("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_TRUE(same_hash(hash_secret("abc"), hash_secret("abc")));
    EXPECT_FALSE(same_hash(hash_secret("abc"), hash_secret("abd")));
    EXPECT_FALSE(same_hash(hash_secret("abc"), ""));
}

TEST(Secrets, OtherTextsDoNotLookLikeOne) {
    const std::string body(43, 'a');
    const std::string wrong[] = {"",
                                 "gusu_",
                                 body,
                                 "gusu_" + body + "a",
                                 "gusu_" + body.substr(1),
                                 "Gusu_" + body,
                                 "gusu_" + body.substr(1) + "+",
                                 "gusu_" + body.substr(1) + std::string(1, '\0'),
                                 new_token_id()};
    for (const std::string& text : wrong) {
        EXPECT_FALSE(looks_like_secret(text)) << text;
    }
    EXPECT_TRUE(looks_like_secret("gusu_" + body));
}

}  // namespace
}  // namespace gusu::service
