// The node's key and certificate: kept in state_dir/identity. The certificate is got with a
// one-time token; the key is kept before it is asked for, so that an answer that is lost can be
// asked for again with the same token.
#pragma once

#include <filesystem>
#include <string>

#include "gusu/config/v1/agent.pb.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

struct Identity {
    std::string authority;  // PEM, all three
    std::string certificate;
    std::string key;
};

// Unavailable: no scheduler answers now.
Result<Identity> identity_of(const config::v1::AgentConfig& config);

}  // namespace gusu::agent
