#include "tools/sim/cluster.h"

#include <algorithm>
#include <set>

#include "scheduler/base/text.h"
#include "tools/sim/table.h"

namespace gusu::sim {
namespace {

constexpr std::int64_t kMostGpusOfNode = 4096;
constexpr std::int64_t kMostNodes = 1'000'000;
constexpr std::int64_t kMiB = std::int64_t{1} << 20;

Result<int> count_of(const Table& table, int column, std::int64_t most) {
    const auto count = table.integer(column, -1);
    if (!count) {
        return count.error();
    }
    if (*count < 0 || *count > most) {
        return table.error(
            column, quote(table.field(column)) + " is not between 0 and " + std::to_string(most));
    }
    return static_cast<int>(*count);
}

Result<NodeShape> read_node(const Table& table, int gpus_column) {
    const auto gpus = count_of(table, gpus_column, kMostGpusOfNode);
    const auto cpus = table.amount(table.find("cpus"), kPlentyMilliCpus, kMostCpus);
    const auto memory = table.amount(table.find("mem_gib"), -1, kMostGiB);
    if (!gpus) {
        return gpus.error();
    }
    for (const auto* each : {&cpus, &memory}) {
        if (!*each) {
            return each->error();
        }
    }
    const std::string_view model = table.field(table.find("gpu_model"));
    return NodeShape{.name = std::string(table.field(table.find("node"))),
                     .gpus = *gpus,
                     .model = model.empty() ? kUnnamedModel : std::string(model),
                     .milli_cpus = *cpus,
                     .memory = *memory < 0 ? kPlentyMemory : *memory * kMiB * 1024 / 1000};
}

}  // namespace

std::int64_t Cluster::gpus() const {
    std::int64_t all = 0;
    for (const NodeShape& node : nodes) {
        all += node.gpus;
    }
    return all;
}

Cluster uniform_cluster(int nodes, int gpus_per_node) {
    Cluster cluster{.nodes = {}, .gpus_per_node = std::max(gpus_per_node, 1)};
    for (int i = 0; i < nodes; ++i) {
        cluster.nodes.push_back(
            {.name = "n" + std::to_string(i), .gpus = gpus_per_node, .model = kUnnamedModel});
    }
    return cluster;
}

Result<Cluster> read_nodes(const std::string& path) {
    auto table = Table::open(path);
    if (!table) {
        return table.error();
    }
    const auto name = table->require("node");
    const auto gpus = table->require("gpus");
    if (!name || !gpus) {
        return name ? gpus.error() : name.error();
    }
    Cluster cluster;
    std::set<std::string> names;
    for (;;) {
        const auto more = table->next();
        if (!more) {
            return more.error();
        }
        if (!*more) {
            return cluster;
        }
        auto node = read_node(*table, *gpus);
        if (!node) {
            return node.error();
        }
        if (!names.insert(node->name).second) {
            return table->error(*name, quote(node->name) + " is listed twice");
        }
        cluster.gpus_per_node = std::max(cluster.gpus_per_node, node->gpus);
        cluster.nodes.push_back(std::move(*node));
    }
}

Result<std::vector<TenantNodes>> read_tenant_nodes(const std::string& path,
                                                   const std::string& column) {
    auto table = Table::open(path);
    if (!table) {
        return table.error();
    }
    // The first column names the tenant (of clusters with one tenant: the trace).
    const auto nodes = table->require(column);
    const auto gpus = table->require("gpus_per_node");
    if (!nodes || !gpus) {
        return nodes ? gpus.error() : nodes.error();
    }
    std::vector<TenantNodes> tenants;
    for (;;) {
        const auto more = table->next();
        if (!more) {
            return more.error();
        }
        if (!*more) {
            return tenants;
        }
        const auto count = count_of(*table, *nodes, kMostNodes);
        const auto each = count_of(*table, *gpus, kMostGpusOfNode);
        if (!count || !each) {
            return count ? each.error() : count.error();
        }
        tenants.push_back({std::string(table->field(0)), *count, *each});
    }
}

}  // namespace gusu::sim
