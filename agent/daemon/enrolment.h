// The node's key and certificate: kept in state_dir/identity, and got with a one-time token when
// there is none.
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

struct NodeKey {
    std::string key;      // PKCS#8, PEM
    std::string request;  // PKCS#10, PEM; its common name is the node's
};

// P-256.
Result<NodeKey> make_node_key(const std::string& node);

// Unavailable: no scheduler answers now.
Result<Identity> identity_of(const config::v1::AgentConfig& config);

}  // namespace gusu::agent
