// Nodes by what is free on them, so that a place is found without a look at each of them.
//
// Holds the nodes that were put in and not dropped since: those that take work. Everything asked of
// it is answered in an order that ends in the id of a node.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/core/model/node.h"
#include "scheduler/core/model/offer.h"
#include "scheduler/core/model/position_set.h"

namespace gusu::core {

class NodeIndex {
public:
    // Nodes with more whole devices free are counted with those that have so many.
    static constexpr int kMostWhole = 16;

    // Nodes with the same offer. Whoever remembers something of an offer remembers its serial,
    // which is never given again.
    struct Alike {
        Offer offer;
        std::int64_t free_milli = 0;
        std::uint64_t serial = 0;
        std::set<NodeId> nodes;
    };

    // Whether devices that are not healthy are offered: who asks what could ever be.
    enum class Offers { Healthy, All };

    NodeIndex() = default;
    explicit NodeIndex(Offers offers) : offers_(offers) {}

    // What a node has, before it is first put in, and when that changes.
    void learn(const NodeDescription& description);
    // A node that takes work, with what is free on it. Again whenever that changes.
    void put(const Node& node, const Room& room);
    // No harm if it is not there.
    void drop(NodeId node);

    // -1 for a name no node has had.
    AcceleratorId accelerator(const std::string& name) const;
    const std::string& name(AcceleratorId accelerator) const { return names_[at(accelerator)]; }
    int accelerators() const { return static_cast<int>(names_.size()); }

    bool offers(const DeviceDescription& device) const {
        return offers_ == Offers::All || device.health == Health::Healthy;
    }
    // What the node has in this room.
    Offer offer_of(const Node& node, const Room& room) const;
    const Offer& offer_at(std::size_t position) const {
        return alike_[at(entries_[position].alike)].offer;
    }
    NodeId node_at(std::size_t position) const { return entries_[position].node; }
    // Positions of the nodes with so many whole devices free, in the order of their ids.
    const PositionSet& with_whole(AcceleratorId accelerator, int devices) const {
        return by_whole_[at(accelerator)][at(devices)];
    }
    std::size_t position_of(NodeId node) const;
    // The most devices of this accelerator on any node.
    int most_devices(AcceleratorId accelerator) const { return most_devices_[at(accelerator)]; }
    // Some of them may have no nodes.
    const std::vector<Alike>& alike() const { return alike_; }
    std::size_t nodes() const { return entries_.size(); }
    // How many nodes have come, gone or changed so far.
    std::uint64_t changes() const { return changes_; }
    // The least CPU and memory that goes with a device of this accelerator on any node.
    const Resources& least_per_device(AcceleratorId accelerator) const {
        return least_[at(accelerator)];
    }
    // Milli-GPUs by accelerator.
    std::map<std::string, Amount> free_gpus() const;

private:
    struct Entry {
        NodeId node;
        int alike = -1;
    };

    static std::size_t at(int index) { return static_cast<std::size_t>(index); }
    int alike_of(const Offer& offer);
    void leave(std::size_t position);
    void count(std::size_t position, const Offer& offer, bool there);

    Offers offers_ = Offers::Healthy;
    std::map<std::string, AcceleratorId> accelerators_;
    std::vector<std::string> names_;
    std::vector<Resources> least_;
    std::vector<int> most_devices_;
    std::vector<Entry> entries_;  // by id of the node
    std::vector<Alike> alike_;
    std::vector<int> unused_;  // of alike_
    std::map<Offer, int> by_offer_;
    std::vector<std::array<PositionSet, kMostWhole + 1>> by_whole_;
    std::uint64_t last_serial_ = 0;
    std::uint64_t changes_ = 0;
};

}  // namespace gusu::core
