// Who may do what: grants of roles, and the hashes of tokens. Folded from the same log as
// everything else, so that a standby knows them too.
#pragma once

#include <map>
#include <set>
#include <string>

#include "scheduler/base/ids.h"
#include "scheduler/base/time.h"

namespace gusu::core {

enum class Role { Researcher, TenantAdmin, Operator, SystemAdmin, SecurityAdmin, Auditor };

struct Grant {
    std::string user;
    Role role = Role::Researcher;
    TenantId tenant;  // none: of the whole platform

    friend auto operator<=>(const Grant&, const Grant&) = default;
};

struct TokenRecord {
    std::string id;    // public part
    std::string hash;  // SHA-256 of the secret, hexadecimal
    std::string user;  // empty for a node's token
    std::string node;  // the node it enrols, once
    Time created;
    Time expires;
    // SHA-256, hexadecimal, of the public key that it has enrolled; empty: of none yet.
    std::string used_by;

    friend bool operator==(const TokenRecord&, const TokenRecord&) = default;
};

struct Directory {
    std::set<Grant> grants;
    std::map<std::string, TokenRecord> tokens;  // by id
    std::map<std::string, std::string> token_id_by_hash;
};

}  // namespace gusu::core
