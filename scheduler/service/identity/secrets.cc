#include "scheduler/service/identity/secrets.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <span>

#include "scheduler/base/check.h"

namespace gusu::service {
namespace {

constexpr std::string_view kPrefix = "gusu_";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kEncodedSize = 43;

template <std::size_t Size>
std::array<unsigned char, Size> random_bytes() {
    std::array<unsigned char, Size> bytes;
    check(RAND_bytes(bytes.data(), static_cast<int>(Size)) == 1,
          "the system has a random source; without one no secret is safe");
    return bytes;
}

std::string hexadecimal(std::span<const unsigned char> bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : bytes) {
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 15U];
    }
    return text;
}

// Without padding.
std::string base64url(std::span<const unsigned char> bytes) {
    std::string text;
    unsigned int waiting = 0;
    int waiting_bits = 0;
    for (const unsigned char byte : bytes) {
        waiting = (waiting << 8U | byte) & 0xffffU;
        waiting_bits += 8;
        while (waiting_bits >= 6) {
            waiting_bits -= 6;
            text += kBase64Url[(waiting >> waiting_bits) & 63U];
        }
    }
    if (waiting_bits > 0) {
        text += kBase64Url[(waiting << (6 - waiting_bits)) & 63U];
    }
    return text;
}

}  // namespace

std::string new_secret() { return std::string(kPrefix) + base64url(random_bytes<32>()); }

std::string new_token_id() { return hexadecimal(random_bytes<6>()); }

std::string hash_secret(std::string_view secret) {
    std::array<unsigned char, 32> digest;
    unsigned int size = 0;
    check(EVP_Digest(secret.data(), secret.size(), digest.data(), &size, EVP_sha256(), nullptr) ==
                  1 &&
              size == digest.size(),
          "OpenSSL knows SHA-256");
    return hexadecimal(digest);
}

bool same_hash(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool looks_like_secret(std::string_view text) {
    return text.size() == kPrefix.size() + kEncodedSize && text.starts_with(kPrefix) &&
           std::ranges::all_of(text.substr(kPrefix.size()),
                               [](char c) { return kBase64Url.find(c) != std::string_view::npos; });
}

}  // namespace gusu::service
