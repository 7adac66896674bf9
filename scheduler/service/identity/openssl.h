// What the files of this folder share of OpenSSL: owners for its objects, and PEM in and out.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "scheduler/base/result.h"

namespace gusu::service::openssl {

template <auto Free>
struct Freeing {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using Request = std::unique_ptr<X509_REQ, Freeing<X509_REQ_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freeing<X509_EXTENSION_free>>;
using Bio = std::unique_ptr<BIO, Freeing<BIO_free_all>>;
using Number = std::unique_ptr<BIGNUM, Freeing<BN_free>>;

// Internal, "WHAT failed: REASON", with OpenSSL's reason; empties its queue of errors.
Error failure(const std::string& what);

// The first certificate, key or request of a PEM text. A key under a passphrase is refused.
Result<Certificate> read_certificate(const std::string& pem);
Result<Key> read_key(const std::string& pem);
Result<Request> read_request(const std::string& pem);

Result<std::string> write_certificate(X509& certificate);
Result<std::string> write_key(EVP_PKEY& key);

}  // namespace gusu::service::openssl
