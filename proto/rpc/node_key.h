// The key of a node, and the request to have it signed. PEM texts.
#pragma once

#include <string>

#include "scheduler/base/result.h"

namespace gusu::rpc {

// P-256, PKCS#8.
Result<std::string> make_node_key();

// PKCS#10, signed by `key`; its common name is the node's. FailedPrecondition: that is no key.
Result<std::string> certificate_request(const std::string& key, const std::string& node);

}  // namespace gusu::rpc
