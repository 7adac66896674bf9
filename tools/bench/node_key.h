// Keys of simulated nodes, and the requests to have them signed.
#pragma once

#include <string>

#include "scheduler/base/result.h"

namespace gusu::bench {

// PEM texts.
struct NodeKey {
    std::string key;      // EC P-256
    std::string request;  // PKCS#10 for the node's name
};

Result<NodeKey> make_node_key(const std::string& node);

}  // namespace gusu::bench
