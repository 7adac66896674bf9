// The nodes jobs are replayed on, and what tenants own of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/base/result.h"

namespace gusu::sim {

// Nodes of which a trace does not tell CPUs or memory have plenty.
inline constexpr std::int64_t kPlentyMilliCpus = 1'000'000'000;
inline constexpr std::int64_t kPlentyMemory = std::int64_t{1} << 50;

struct NodeShape {
    std::string name;
    int gpus = 0;
    std::string model;
    std::int64_t milli_cpus = kPlentyMilliCpus;
    std::int64_t memory = kPlentyMemory;
};

struct Cluster {
    std::vector<NodeShape> nodes;
    int gpus_per_node = 1;  // a larger job takes whole nodes of so many

    std::int64_t gpus() const;
};

// A tenant's own nodes.
struct TenantNodes {
    std::string tenant;
    int nodes = 0;
    int gpus_per_node = 0;
};

// The name of a model that a trace leaves blank.
inline constexpr const char* kUnnamedModel = "gpu";

Cluster uniform_cluster(int nodes, int gpus_per_node);
Result<Cluster> read_nodes(const std::string& path);
Result<std::vector<TenantNodes>> read_tenant_nodes(const std::string& path,
                                                   const std::string& column);

}  // namespace gusu::sim
