#include "scheduler/service/identity/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace gusu::service::openssl {
namespace {

// Without it OpenSSL would ask the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

Bio reader(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(BIO& bio) {
    char* start = nullptr;
    const long size = BIO_get_mem_data(&bio, &start);
    return size > 0 ? std::string(start, static_cast<std::size_t>(size)) : std::string();
}

Error not_pem(const std::string& what) {
    ERR_clear_error();
    return {ErrorCode::InvalidArgument, "holds no " + what + " in PEM"};
}

}  // namespace

Error failure(const std::string& what) {
    const unsigned long code = ERR_peek_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    ERR_clear_error();
    return {ErrorCode::Internal,
            what + " failed: " + (reason == nullptr ? "OpenSSL gives no reason" : reason)};
}

Result<Certificate> read_certificate(const std::string& pem) {
    const Bio bio = reader(pem);
    Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (certificate == nullptr) {
        return not_pem("certificate");
    }
    return certificate;
}

Result<Key> read_key(const std::string& pem) {
    const Bio bio = reader(pem);
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    if (key == nullptr) {
        return not_pem("private key without passphrase");
    }
    return key;
}

Result<Request> read_request(const std::string& pem) {
    const Bio bio = reader(pem);
    Request request(PEM_read_bio_X509_REQ(bio.get(), nullptr, no_passphrase, nullptr));
    if (request == nullptr) {
        return not_pem("certificate request");
    }
    return request;
}

Result<std::string> write_certificate(X509& certificate) {
    const Bio bio(BIO_new(BIO_s_mem()));
    if (PEM_write_bio_X509(bio.get(), &certificate) != 1) {
        return failure("writing a certificate");
    }
    return text_of(*bio);
}

Result<std::string> write_key(EVP_PKEY& key) {
    const Bio bio(BIO_new(BIO_s_mem()));
    if (PEM_write_bio_PKCS8PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) !=
        1) {
        return failure("writing a key");
    }
    return text_of(*bio);
}

}  // namespace gusu::service::openssl
