// Certificates for simulated nodes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "proto/rpc/channel.h"
#include "scheduler/base/result.h"

namespace gusu::bench {

// For each node its endpoint: a key and a certificate, from `state` where it has them, else by a
// one-time token that the caller of `target` makes. New ones are kept in `state` unless it is
// empty.
Result<std::vector<rpc::Endpoint>> enrol_nodes(const rpc::Endpoint& target,
                                               const std::vector<std::string>& nodes,
                                               const std::filesystem::path& state);

}  // namespace gusu::bench
