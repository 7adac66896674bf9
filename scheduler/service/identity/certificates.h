// Certificates: a private authority, the scheduler's own certificate, and those of nodes.
//
// Everything is PEM text, and the time is an argument. Certificates are valid from an hour before
// `now`, so that a node whose clock is a little late accepts them; none outlives its authority.
// Serial numbers are random, 128 bits.
#pragma once

#include <string>
#include <vector>

#include "scheduler/base/result.h"
#include "scheduler/base/time.h"

namespace gusu::service {

struct KeyPair {
    std::string certificate;
    std::string key;
};

inline constexpr std::chrono::days kAuthorityLife{3650};
inline constexpr std::chrono::days kServerLife{730};
inline constexpr std::chrono::days kNodeLife{365};

// EC P-256, may sign certificates but no further authority.
Result<KeyPair> make_authority(const std::string& name, Time now);

// EC P-256, for localhost, 127.0.0.1, ::1 and `names`, each a host name or an address.
Result<KeyPair> make_server_certificate(const KeyPair& authority,
                                        const std::vector<std::string>& names, Time now);

// The certificate of a node that asks for one in PKCS #10. The request proves that it holds its key
// (EC P-256 or P-384, or RSA of 2048 to 8192 bits), and names exactly `node`; of all else it asks
// for nothing is granted.
Result<std::string> sign_node_request(const KeyPair& authority, const std::string& request,
                                      const std::string& node, Time now);

// SHA-256, hexadecimal, of the public key that a request names.
Result<std::string> key_of_request(const std::string& request);

// What a certificate tells of itself.
struct CertificateFacts {
    std::string common_name;
    std::vector<std::string> names;  // host names and addresses, sorted
    Time not_before;
    Time not_after;
};
Result<CertificateFacts> read_facts(const std::string& certificate);

// The names make_server_certificate(.., names, ..) gives, in the form and order of
// CertificateFacts.
Result<std::vector<std::string>> server_names(const std::vector<std::string>& names);

bool key_belongs_to(const std::string& key, const std::string& certificate);
bool signed_by(const std::string& authority, const std::string& certificate);

}  // namespace gusu::service
