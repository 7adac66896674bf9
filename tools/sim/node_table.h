// Nodes as the baselines see them: what is free on each, and where a task fits.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tools/sim/cluster.h"
#include "tools/sim/trace.h"

namespace gusu::sim {

// What one task holds on one node.
struct Held {
    int node = 0;
    int gpus = 0;         // whole ones
    int shared_gpu = -1;  // which of the node's shared GPUs, for a share
    int milli = 0;        // of it
    std::int64_t milli_cpus = 0;
    std::int64_t memory = 0;
};

// One task: gpus of milli_each, with its part of CPUs and memory.
struct Ask {
    int gpus = 0;
    int milli_each = 1000;
    std::int64_t milli_cpus = 0;
    std::int64_t memory = 0;
    std::uint32_t shape = 0;  // its position among the shapes the table was made for

    bool is_share() const { return gpus == 1 && milli_each < 1000; }
};

class NodeTable {
public:
    NodeTable(const Cluster& cluster, const std::vector<Shape>& shapes);

    int free_gpus(int node) const { return rooms_[at(node)].free_gpus; }
    int all_gpus(int node) const { return rooms_[at(node)].all_gpus; }
    bool fits(const Ask& ask, int node) const;
    // It must fit. A share goes to the fullest GPU that has room for it.
    Held take(const Ask& ask, int node);
    void give_back(const Held& held);

private:
    struct Room {
        std::int64_t milli_cpus = 0;
        std::int64_t memory = 0;
        int free_gpus = 0;  // wholly free
        int all_gpus = 0;
        int model = 0;
        std::vector<int> shared;  // free thousandths of GPUs in use by shares; 1000: of none
    };

    static std::size_t at(int position) { return static_cast<std::size_t>(position); }
    static std::optional<int> fullest_shared(const Room& room, int milli);

    std::vector<Room> rooms_;
    std::vector<std::vector<bool>> suits_;  // by shape, then by model
};

}  // namespace gusu::sim
