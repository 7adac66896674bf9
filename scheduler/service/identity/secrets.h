// Tokens of people and of nodes that enrol. A secret is shown once; only its hash is kept.
#pragma once

#include <string>
#include <string_view>

namespace gusu::service {

// "gusu_" and 43 characters of base64url: 32 bytes from the system's random source.
std::string new_secret();

// 12 hexadecimal characters: the public name of a token, in lists and in the audit log.
std::string new_token_id();

// SHA-256 in hexadecimal. A secret has 256 random bits, so salt and stretching would add nothing.
std::string hash_secret(std::string_view secret);

// Takes as long for a wrong hash as for the right one.
bool same_hash(std::string_view a, std::string_view b);

// Whether it is worth a look at the hashes; also tells a pasted secret from a pasted id.
bool looks_like_secret(std::string_view text);

}  // namespace gusu::service
