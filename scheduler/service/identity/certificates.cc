#include "scheduler/service/identity/certificates.h"

#include <arpa/inet.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>

#include "scheduler/base/host_port.h"
#include "scheduler/base/text.h"
#include "scheduler/service/identity/openssl.h"
#include "scheduler/service/identity/secrets.h"

namespace gusu::service {
namespace {

using openssl::failure;

// What makes a certificate of an authority, a server or a node.
struct Profile {
    const char* constraints;
    const char* key_usage;
    const char* extended_key_usage;
    std::chrono::days life;
};
constexpr Profile kAuthority{"critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign", nullptr,
                             kAuthorityLife};
constexpr Profile kServer{"critical,CA:FALSE", "critical,digitalSignature", "serverAuth",
                          kServerLife};
constexpr Profile kNode{"critical,CA:FALSE", "critical,digitalSignature", "clientAuth", kNodeLife};

struct Subject {
    std::string common_name;
    std::string alternative_names;  // "DNS:localhost,IP:127.0.0.1", or ""
    EVP_PKEY* key = nullptr;
};

struct Issuer {
    X509* certificate = nullptr;
    EVP_PKEY* key = nullptr;
};

constexpr Duration kClockTolerance = std::chrono::hours(1);

std::time_t to_seconds(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

Result<Time> to_time(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
        return failure("reading the time of a certificate");
    }
    return Time(std::chrono::seconds(timegm(&parts)));
}

bool set_serial(X509& certificate) {
    const openssl::Number number(BN_new());
    return number != nullptr &&
           BN_rand(number.get(), 128, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) != nullptr;
}

bool set_common_name(X509& certificate, const std::string& name) {
    return X509_NAME_add_entry_by_NID(X509_get_subject_name(&certificate), NID_commonName,
                                      MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(name.data()),
                                      static_cast<int>(name.size()), -1, 0) == 1;
}

bool set_validity(X509& certificate, X509& issuer, const Profile& profile, Time now) {
    const std::time_t start = to_seconds(now - kClockTolerance);
    std::time_t end = to_seconds(now + profile.life);
    if (&certificate != &issuer) {
        const Result<Time> last = to_time(X509_get0_notAfter(&issuer));
        if (!last) {
            return false;
        }
        end = std::min(end, to_seconds(*last));
    }
    return ASN1_TIME_set(X509_getm_notBefore(&certificate), start) != nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(&certificate), end) != nullptr;
}

bool add_extension(X509& certificate, X509& issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
    const openssl::Extension extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
    return extension != nullptr && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

bool add_extensions(X509& certificate, X509& issuer, const Subject& subject,
                    const Profile& profile) {
    return add_extension(certificate, issuer, NID_basic_constraints, profile.constraints) &&
           add_extension(certificate, issuer, NID_key_usage, profile.key_usage) &&
           (profile.extended_key_usage == nullptr ||
            add_extension(certificate, issuer, NID_ext_key_usage, profile.extended_key_usage)) &&
           (subject.alternative_names.empty() ||
            add_extension(certificate, issuer, NID_subject_alt_name, subject.alternative_names)) &&
           add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
}

// Edwards curves bring their own digest and want none named.
const EVP_MD* digest_of(EVP_PKEY& key) {
    return EVP_PKEY_is_a(&key, "ED25519") == 1 || EVP_PKEY_is_a(&key, "ED448") == 1 ? nullptr
                                                                                    : EVP_sha256();
}

// Signed by its own key if `issuer` names no certificate.
Result<std::string> issue(const Subject& subject, Issuer issuer, const Profile& profile, Time now) {
    const openssl::Certificate certificate(X509_new());
    if (certificate == nullptr) {
        return failure("making a certificate");
    }
    X509& made = *certificate;
    X509& signer = issuer.certificate == nullptr ? made : *issuer.certificate;
    const bool filled = X509_set_version(&made, X509_VERSION_3) == 1 && set_serial(made) &&
                        set_common_name(made, subject.common_name) &&
                        X509_set_issuer_name(&made, X509_get_subject_name(&signer)) == 1 &&
                        set_validity(made, signer, profile, now) &&
                        X509_set_pubkey(&made, subject.key) == 1 &&
                        add_extensions(made, signer, subject, profile);
    if (!filled || X509_sign(&made, issuer.key, digest_of(*issuer.key)) == 0) {
        return failure("making a certificate for " + quote(subject.common_name));
    }
    return openssl::write_certificate(made);
}

// The authority, read and known to be able to sign at `now`.
struct ReadAuthority {
    openssl::Certificate certificate;
    openssl::Key key;

    Issuer issuer() const { return {certificate.get(), key.get()}; }
};

Result<ReadAuthority> read_authority(const KeyPair& authority, Time now) {
    Result<openssl::Certificate> certificate = openssl::read_certificate(authority.certificate);
    Result<openssl::Key> key = openssl::read_key(authority.key);
    if (!certificate || !key) {
        return Error{ErrorCode::FailedPrecondition,
                     "the authority cannot sign: its file " +
                         (certificate ? key.error() : certificate.error()).message};
    }
    const Result<Time> end = to_time(X509_get0_notAfter(certificate->get()));
    if (!end) {
        return end.error();
    }
    if (*end <= now) {
        return Error{ErrorCode::FailedPrecondition, "the authority's certificate expired on " +
                                                        format_rfc3339(*end) +
                                                        "; make a new authority"};
    }
    if (X509_check_private_key(certificate->get(), key->get()) != 1) {
        ERR_clear_error();
        return Error{ErrorCode::FailedPrecondition,
                     "the authority's key does not belong to its certificate"};
    }
    return ReadAuthority{std::move(*certificate), std::move(*key)};
}

Result<KeyPair> with_key(Result<std::string> certificate, EVP_PKEY& key) {
    if (!certificate) {
        return certificate.error();
    }
    Result<std::string> text = openssl::write_key(key);
    if (!text) {
        return text.error();
    }
    return KeyPair{.certificate = std::move(*certificate), .key = std::move(*text)};
}

// "127.0.0.1", "::1" in its shortest form, or "" if it is no address.
std::string address_text(const std::string& name) {
    std::array<unsigned char, 16> bytes;
    std::array<char, INET6_ADDRSTRLEN> text;
    for (const int family : {AF_INET, AF_INET6}) {
        if (inet_pton(family, name.c_str(), bytes.data()) == 1) {
            return inet_ntop(family, bytes.data(), text.data(), text.size());
        }
    }
    return "";
}

std::string name_text(const GENERAL_NAME& name) {
    const ASN1_STRING* value = name.type == GEN_DNS     ? name.d.dNSName
                               : name.type == GEN_IPADD ? name.d.iPAddress
                                                        : nullptr;
    if (value == nullptr) {
        return "";
    }
    const unsigned char* bytes = ASN1_STRING_get0_data(value);
    const int size = ASN1_STRING_length(value);
    if (name.type == GEN_DNS) {
        return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
    }
    if (size != 4 && size != 16) {
        return "";
    }
    std::array<char, INET6_ADDRSTRLEN> text;
    return inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, text.data(), text.size());
}

std::vector<std::string> alternative_names(X509& certificate) {
    std::vector<std::string> names;
    auto* found = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(found); ++i) {
        names.push_back(name_text(*sk_GENERAL_NAME_value(found, i)));
    }
    GENERAL_NAMES_free(found);
    std::ranges::sort(names);
    return names;
}

// Empty unless there is exactly one.
std::string single_common_name(const X509_NAME& subject) {
    const int first = X509_NAME_get_index_by_NID(&subject, NID_commonName, -1);
    if (first < 0 || X509_NAME_get_index_by_NID(&subject, NID_commonName, first) >= 0) {
        return "";
    }
    unsigned char* bytes = nullptr;
    const int size =
        ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(&subject, first)));
    if (size < 0) {
        ERR_clear_error();
        return "";
    }
    std::string name(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return name;
}

// "EC P-256", "RSA 1024".
std::string describe_key(EVP_PKEY& key) {
    if (EVP_PKEY_is_a(&key, "RSA") == 1) {
        return "RSA " + std::to_string(EVP_PKEY_get_bits(&key));
    }
    std::array<char, 64> group{};
    std::size_t size = 0;
    if (EVP_PKEY_is_a(&key, "EC") == 1 &&
        EVP_PKEY_get_group_name(&key, group.data(), group.size(), &size) == 1) {
        return "EC " + std::string(group.data(), size);
    }
    const char* type = EVP_PKEY_get0_type_name(&key);
    return type == nullptr ? "unknown" : type;
}

bool is_strong(EVP_PKEY& key) {
    if (EVP_PKEY_is_a(&key, "RSA") == 1) {
        // Larger keys take seconds to check, and so are a means of attack.
        return EVP_PKEY_get_bits(&key) >= 2048 && EVP_PKEY_get_bits(&key) <= 8192;
    }
    const std::string text = describe_key(key);
    return text == "EC prime256v1" || text == "EC secp384r1";
}

Status check_request(X509_REQ& request, const std::string& node) {
    EVP_PKEY* key = X509_REQ_get0_pubkey(&request);
    if (key == nullptr || !is_strong(*key)) {
        const std::string kind = key == nullptr ? "unreadable" : describe_key(*key);
        ERR_clear_error();
        return Error{ErrorCode::InvalidArgument,
                     "the certificate request of node " + quote(node) + " has a key of kind " +
                         quote(kind) + "; use EC P-256 or P-384, or RSA of 2048 to 8192 bits"};
    }
    if (X509_REQ_verify(&request, key) != 1) {
        ERR_clear_error();
        return Error{ErrorCode::InvalidArgument,
                     "the certificate request of node " + quote(node) +
                         " is not signed by the key it names; make it anew"};
    }
    const std::string name = single_common_name(*X509_REQ_get_subject_name(&request));
    if (name != node) {
        return Error{ErrorCode::NotAllowed, "the certificate request names " + quote(name) +
                                                " and the token is for node " + quote(node) +
                                                "; its one common name must be the node's name"};
    }
    return Done{};
}

std::string alternative_names_text(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ",") +
                std::string(address_text(name).empty() ? "DNS:" : "IP:") + name;
    }
    return text;
}

}  // namespace

Result<KeyPair> make_authority(const std::string& name, Time now) {
    const openssl::Key key(EVP_EC_gen("P-256"));
    if (key == nullptr) {
        return failure("making a key");
    }
    const Subject subject{.common_name = name, .alternative_names = "", .key = key.get()};
    return with_key(issue(subject, {nullptr, key.get()}, kAuthority, now), *key);
}

Result<std::vector<std::string>> server_names(const std::vector<std::string>& names) {
    std::vector<std::string> all = {"localhost", "127.0.0.1", "::1"};
    for (const std::string& name : names) {
        if (!is_host(name)) {
            return Error{ErrorCode::InvalidArgument,
                         quote(name) + " is neither a host name nor an IPv4 or IPv6 address"};
        }
        const std::string address = address_text(name);
        all.push_back(address.empty() ? name : address);
    }
    std::ranges::sort(all);
    const auto repeated = std::ranges::unique(all);
    all.erase(repeated.begin(), repeated.end());
    return all;
}

Result<KeyPair> make_server_certificate(const KeyPair& authority,
                                        const std::vector<std::string>& names, Time now) {
    const Result<std::vector<std::string>> all = server_names(names);
    if (!all) {
        return all.error();
    }
    const Result<ReadAuthority> signer = read_authority(authority, now);
    if (!signer) {
        return signer.error();
    }
    const openssl::Key key(EVP_EC_gen("P-256"));
    if (key == nullptr) {
        return failure("making a key");
    }
    const Subject subject{.common_name = "gusu-scheduler",
                          .alternative_names = alternative_names_text(*all),
                          .key = key.get()};
    return with_key(issue(subject, signer->issuer(), kServer, now), *key);
}

Result<std::string> sign_node_request(const KeyPair& authority, const std::string& request,
                                      const std::string& node, Time now) {
    const Result<openssl::Request> read = openssl::read_request(request);
    if (!read) {
        return Error{ErrorCode::InvalidArgument,
                     "what node " + quote(node) + " sent " + read.error().message};
    }
    const Status allowed = check_request(**read, node);
    if (!allowed) {
        return allowed.error();
    }
    const Result<ReadAuthority> signer = read_authority(authority, now);
    if (!signer) {
        return signer.error();
    }
    const Subject subject{
        .common_name = node, .alternative_names = "", .key = X509_REQ_get0_pubkey(read->get())};
    return issue(subject, signer->issuer(), kNode, now);
}

Result<std::string> key_of_request(const std::string& request) {
    const Result<openssl::Request> read = openssl::read_request(request);
    if (!read) {
        return read.error();
    }
    unsigned char* bytes = nullptr;
    const int size = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(read->get()), &bytes);
    if (size <= 0) {
        return failure("reading the key of a certificate request");
    }
    std::string hash =
        hash_secret({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
    OPENSSL_free(bytes);
    return hash;
}

Result<CertificateFacts> read_facts(const std::string& certificate) {
    const Result<openssl::Certificate> read = openssl::read_certificate(certificate);
    if (!read) {
        return read.error();
    }
    const Result<Time> not_before = to_time(X509_get0_notBefore(read->get()));
    const Result<Time> not_after = to_time(X509_get0_notAfter(read->get()));
    if (!not_before || !not_after) {
        return Error{ErrorCode::InvalidArgument, "is a certificate whose validity is unreadable"};
    }
    return CertificateFacts{.common_name = single_common_name(*X509_get_subject_name(read->get())),
                            .names = alternative_names(**read),
                            .not_before = *not_before,
                            .not_after = *not_after};
}

bool key_belongs_to(const std::string& key, const std::string& certificate) {
    const Result<openssl::Key> read_key = openssl::read_key(key);
    const Result<openssl::Certificate> read = openssl::read_certificate(certificate);
    const bool belongs =
        read_key && read && X509_check_private_key(read->get(), read_key->get()) == 1;
    ERR_clear_error();
    return belongs;
}

bool signed_by(const std::string& authority, const std::string& certificate) {
    const Result<openssl::Certificate> issuer = openssl::read_certificate(authority);
    const Result<openssl::Certificate> read = openssl::read_certificate(certificate);
    const bool by = issuer && read && X509_check_issued(issuer->get(), read->get()) == X509_V_OK &&
                    X509_verify(read->get(), X509_get0_pubkey(issuer->get())) == 1;
    ERR_clear_error();
    return by;
}

}  // namespace gusu::service
