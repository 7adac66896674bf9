#include "tools/bench/node_key.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace gusu::bench {
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

bool is_named_and_signed(X509_REQ* request, EVP_PKEY* key, const std::string& node) {
    const auto* name = reinterpret_cast<const unsigned char*>(node.data());
    return X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request), NID_commonName,
                                      MBSTRING_UTF8, name, static_cast<int>(node.size()), -1,
                                      0) == 1 &&
           X509_REQ_set_pubkey(request, key) == 1 && X509_REQ_sign(request, key, EVP_sha256()) > 0;
}

}  // namespace

Result<NodeKey> make_node_key(const std::string& node) {
    const Key key(EVP_EC_gen("P-256"));
    const Request request(X509_REQ_new());
    const Bio key_text(BIO_new(BIO_s_mem()));
    const Bio request_text(BIO_new(BIO_s_mem()));
    const bool made = key != nullptr && request != nullptr &&
                      is_named_and_signed(request.get(), key.get(), node) &&
                      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0,
                                                    nullptr, nullptr) == 1 &&
                      PEM_write_bio_X509_REQ(request_text.get(), request.get()) == 1;
    if (!made) {
        return Error{ErrorCode::Internal, "OpenSSL could not make a key for node " + node};
    }
    return NodeKey{.key = text_of(key_text.get()), .request = text_of(request_text.get())};
}

}  // namespace gusu::bench
