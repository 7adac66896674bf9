#include "proto/rpc/node_key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "scheduler/base/text.h"

namespace gusu::rpc {
namespace {

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

Error failure(const std::string& what) {
    ERR_clear_error();
    return {ErrorCode::Internal, "OpenSSL cannot make " + what};
}

bool name_and_sign(X509_REQ* request, EVP_PKEY* key, const std::string& node) {
    const auto* name = reinterpret_cast<const unsigned char*>(node.data());
    return X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request), NID_commonName,
                                      MBSTRING_UTF8, name, static_cast<int>(node.size()), -1,
                                      0) == 1 &&
           X509_REQ_set_pubkey(request, key) == 1 && X509_REQ_sign(request, key, EVP_sha256()) > 0;
}

}  // namespace

Result<std::string> make_node_key() {
    const Key key(EVP_EC_gen("P-256"));
    const Bio text(BIO_new(BIO_s_mem()));
    const bool made = key != nullptr && text != nullptr &&
                      PEM_write_bio_PKCS8PrivateKey(text.get(), key.get(), nullptr, nullptr, 0,
                                                    nullptr, nullptr) == 1;
    return made ? Result<std::string>(text_of(text.get())) : failure("a key");
}

Result<std::string> certificate_request(const std::string& key, const std::string& node) {
    const Bio key_text(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
    // A key under a passphrase is not asked for one.
    const Key read(PEM_read_bio_PrivateKey(
        key_text.get(), nullptr, [](char*, int, int, void*) { return 0; }, nullptr));
    if (read == nullptr) {
        ERR_clear_error();
        return Error{ErrorCode::FailedPrecondition,
                     "is not a private key in PEM; remove it, and a new one is made"};
    }
    const Request request(X509_REQ_new());
    const Bio text(BIO_new(BIO_s_mem()));
    const bool made = request != nullptr && text != nullptr &&
                      name_and_sign(request.get(), read.get(), node) &&
                      PEM_write_bio_X509_REQ(text.get(), request.get()) == 1;
    return made ? Result<std::string>(text_of(text.get()))
                : failure("a certificate request of node " + quote(node));
}

}  // namespace gusu::rpc
