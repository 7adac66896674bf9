// gusu login, whoami, token, user.
#pragma once

#include <string>

#include "tools/gusu/session.h"

namespace gusu::cli {

struct Login {
    // Empty: as in the credentials kept so far.
    std::string scheduler;
    std::string authority_file;
    // Empty: the token is read from stdin.
    std::string token_file;
};
// Keeps the credentials only after the scheduler has accepted them.
int login(Session& session, const Login& words);

int whoami(Session& session);

struct NewToken {
    std::string user;
    std::string node;
    std::string lifetime;
};
// The secret alone on stdout.
int create_token(Session& session, const NewToken& words);
int tokens(Session& session);
int revoke_token(Session& session, const std::string& id);

struct GrantWords {
    std::string user;
    std::string role;
    std::string tenant;
};
int grant_role(Session& session, const GrantWords& words);
int revoke_role(Session& session, const GrantWords& words);
int grants(Session& session, const std::string& user);

}  // namespace gusu::cli
