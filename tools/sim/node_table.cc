#include "tools/sim/node_table.h"

#include <algorithm>
#include <map>

namespace gusu::sim {
namespace {

constexpr int kWhole = 1000;

}  // namespace

NodeTable::NodeTable(const Cluster& cluster, const std::vector<Shape>& shapes) {
    std::map<std::string, int> models;
    for (const NodeShape& node : cluster.nodes) {
        const int model =
            models.try_emplace(node.model, static_cast<int>(models.size())).first->second;
        rooms_.push_back({.milli_cpus = node.milli_cpus,
                          .memory = node.memory,
                          .free_gpus = node.gpus,
                          .all_gpus = node.gpus,
                          .model = model,
                          .shared = {}});
    }
    for (const Shape& shape : shapes) {
        std::vector<bool>& suits = suits_.emplace_back(models.size(), shape.models.empty());
        for (const std::string& accepted : shape.models) {
            if (const auto found = models.find(accepted); found != models.end()) {
                suits[at(found->second)] = true;
            }
        }
    }
}

std::optional<int> NodeTable::fullest_shared(const Room& room, int milli) {
    std::optional<int> best;
    for (std::size_t i = 0; i < room.shared.size(); ++i) {
        const int free = room.shared[i];
        if (free >= milli && free < kWhole && (!best || free < room.shared[at(*best)])) {
            best = static_cast<int>(i);
        }
    }
    return best;
}

bool NodeTable::fits(const Ask& ask, int node) const {
    const Room& room = rooms_[at(node)];
    if (ask.is_share()) {
        if (room.free_gpus == 0 && !fullest_shared(room, ask.milli_each)) {
            return false;
        }
    } else if (room.free_gpus < ask.gpus) {
        return false;
    }
    return room.milli_cpus >= ask.milli_cpus && room.memory >= ask.memory &&
           suits_[ask.shape][at(room.model)];
}

Held NodeTable::take(const Ask& ask, int node) {
    Room& room = rooms_[at(node)];
    Held held{.node = node, .milli_cpus = ask.milli_cpus, .memory = ask.memory};
    if (ask.is_share()) {
        std::optional<int> gpu = fullest_shared(room, ask.milli_each);
        if (!gpu) {
            --room.free_gpus;
            const auto unused = std::ranges::find(room.shared, kWhole);
            gpu = static_cast<int>(unused - room.shared.begin());
            if (unused == room.shared.end()) {
                room.shared.push_back(kWhole);
            }
        }
        held.shared_gpu = *gpu;
        held.milli = ask.milli_each;
        room.shared[at(*gpu)] -= ask.milli_each;
    } else {
        held.gpus = ask.gpus;
        room.free_gpus -= ask.gpus;
    }
    room.milli_cpus -= ask.milli_cpus;
    room.memory -= ask.memory;
    return held;
}

void NodeTable::give_back(const Held& held) {
    Room& room = rooms_[at(held.node)];
    room.free_gpus += held.gpus;
    room.milli_cpus += held.milli_cpus;
    room.memory += held.memory;
    if (held.shared_gpu >= 0) {
        int& free = room.shared[at(held.shared_gpu)];
        free += held.milli;
        room.free_gpus += free == kWhole ? 1 : 0;
    }
}

}  // namespace gusu::sim
