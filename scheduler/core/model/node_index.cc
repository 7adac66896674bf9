#include "scheduler/core/model/node_index.h"

#include <algorithm>

#include "scheduler/base/check.h"

namespace gusu::core {

void NodeIndex::learn(const NodeDescription& description) {
    const auto devices = static_cast<std::int64_t>(description.devices.size());
    std::map<AcceleratorId, int> of_each;
    for (const DeviceDescription& device : description.devices) {
        const Resources each{.milli_gpus = Amount(kWholeDevice),
                             .milli_cpus = Amount(description.milli_cpus.units() / devices),
                             .memory = Amount(description.memory.units() / devices)};
        const auto [known, is_new] =
            accelerators_.try_emplace(device.accelerator, static_cast<int>(names_.size()));
        if (is_new) {
            names_.push_back(device.accelerator);
            least_.push_back(each);
            most_devices_.push_back(0);
            by_whole_.emplace_back();
        }
        Resources& least = least_[at(known->second)];
        least.milli_cpus = std::min(least.milli_cpus, each.milli_cpus);
        least.memory = std::min(least.memory, each.memory);
        int& most = most_devices_[at(known->second)];
        most = std::max(most, ++of_each[known->second]);
    }
}

// Ids only grow, so a new node comes last.
void NodeIndex::put(const Node& node, const Room& room) {
    std::size_t position = position_of(node.id);
    if (position == entries_.size() || entries_[position].node != node.id) {
        entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(position), Entry{node.id});
        check(position + 1 == entries_.size(), "nodes come in the order of their ids");
    }
    Entry& entry = entries_[position];
    const Offer offer = offer_of(node, room);
    if (entry.alike >= 0 && alike_[at(entry.alike)].offer == offer) {
        return;
    }
    ++changes_;
    leave(position);
    entry.alike = alike_of(offer);
    alike_[at(entry.alike)].nodes.insert(node.id);
    count(position, offer, true);
}

void NodeIndex::drop(NodeId node) {
    const std::size_t position = position_of(node);
    if (position < entries_.size() && entries_[position].node == node) {
        leave(position);
        ++changes_;
    }
}

AcceleratorId NodeIndex::accelerator(const std::string& name) const {
    const auto known = accelerators_.find(name);
    return known == accelerators_.end() ? -1 : known->second;
}

Offer NodeIndex::offer_of(const Node& node, const Room& room) const {
    Offer offer{
        .milli_cpus = room.milli_cpus.units(), .memory = room.memory.units(), .devices = {}};
    const std::string* last = nullptr;
    AcceleratorId accelerator = -1;
    for (std::size_t i = 0; i < node.description.devices.size(); ++i) {
        const DeviceDescription& device = node.description.devices[i];
        if (!offers(device) || room.device_milli[i] == 0) {
            continue;
        }
        if (last == nullptr || *last != device.accelerator) {
            last = &device.accelerator;
            accelerator = this->accelerator(device.accelerator);
        }
        offer.devices.push_back({accelerator, room.device_milli[i], room.slices_of(i)});
    }
    std::ranges::sort(offer.devices);
    return offer;
}

std::map<std::string, Amount> NodeIndex::free_gpus() const {
    std::map<std::string, Amount> free;
    for (const Alike& alike : alike_) {
        for (const FreeDevice& device : alike.offer.devices) {
            free[name(device.accelerator)] +=
                Amount(device.milli).times(static_cast<std::int64_t>(alike.nodes.size()));
        }
    }
    return free;
}

std::size_t NodeIndex::position_of(NodeId node) const {
    const auto found = std::ranges::lower_bound(entries_, node, {}, &Entry::node);
    return static_cast<std::size_t>(found - entries_.begin());
}

int NodeIndex::alike_of(const Offer& offer) {
    const auto [known, is_new] = by_offer_.try_emplace(offer, -1);
    if (is_new) {
        if (unused_.empty()) {
            unused_.push_back(static_cast<int>(alike_.size()));
            alike_.emplace_back();
        }
        known->second = unused_.back();
        unused_.pop_back();
        Alike& alike = alike_[at(known->second)];
        alike.offer = offer;
        alike.free_milli = offer.free_milli();
        alike.serial = ++last_serial_;
    }
    return known->second;
}

void NodeIndex::leave(std::size_t position) {
    Entry& entry = entries_[position];
    if (entry.alike < 0) {
        return;
    }
    Alike& alike = alike_[at(entry.alike)];
    count(position, alike.offer, false);
    alike.nodes.erase(entry.node);
    if (alike.nodes.empty()) {
        by_offer_.erase(alike.offer);
        unused_.push_back(entry.alike);
    }
    entry.alike = -1;
}

void NodeIndex::count(std::size_t position, const Offer& offer, bool there) {
    for (std::size_t i = 0; i < offer.devices.size(); ++i) {
        const AcceleratorId accelerator = offer.devices[i].accelerator;
        if (i > 0 && offer.devices[i - 1].accelerator == accelerator) {
            continue;
        }
        PositionSet& set =
            by_whole_[at(accelerator)][at(std::min(kMostWhole, offer.whole_devices(accelerator)))];
        if (there) {
            set.insert(position);
        } else {
            set.erase(position);
        }
    }
}

}  // namespace gusu::core
