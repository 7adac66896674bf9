#include "scheduler/core/model/node.h"

#include <algorithm>

#include "scheduler/core/model/offer.h"

namespace gusu::core {

bool Room::is_nothing() const {
    return milli_cpus.is_zero() && memory.is_zero() &&
           std::ranges::all_of(device_milli, [](int milli) { return milli == 0; });
}

bool Room::has(const DeviceShare& share) const {
    const auto at = static_cast<std::size_t>(share.device);
    return at < device_milli.size() && device_milli[at] >= share.milli &&
           (slices_of(at) & share.slices) == share.slices &&
           (share.slices != 0 || slices_of(at) == 0);
}

bool Room::take(const DeviceShare& share) {
    const auto at = static_cast<std::size_t>(share.device);
    if (at >= device_milli.size()) {
        return false;
    }
    const bool has_it = has(share);
    device_milli[at] = has_it ? device_milli[at] - share.milli : 0;
    if (!slices.empty()) {
        slices[at] = has_it ? static_cast<Slices>(slices[at] & ~share.slices) : Slices{0};
    }
    return has_it;
}

void Room::keep(const DeviceShare& share) {
    const auto at = static_cast<std::size_t>(share.device);
    if (at >= device_milli.size()) {
        return;
    }
    if (slices_of(at) == 0) {
        device_milli[at] = std::max(0, device_milli[at] - share.milli);
        return;
    }
    // Nothing of a cut device is kept for those who once had it whole.
    const Slices kept = slices[at] & share.slices;
    device_milli[at] -=
        kept == 0 ? 0 : share.milli / count_slices(share.slices) * count_slices(kept);
    slices[at] = static_cast<Slices>(slices[at] & ~kept);
}

void Room::give_back(const DeviceShare& share) {
    const auto at = static_cast<std::size_t>(share.device);
    device_milli[at] += share.milli;
    if (share.slices != 0) {
        slices[at] = static_cast<Slices>(slices[at] | share.slices);
    }
}

Room whole_room(const NodeDescription& node) {
    Room room{.milli_cpus = node.milli_cpus,
              .memory = node.memory,
              .device_milli = std::vector<int>(node.devices.size(), kWholeDevice)};
    if (std::ranges::any_of(node.devices, &DeviceDescription::slices)) {
        for (const DeviceDescription& device : node.devices) {
            room.slices.push_back(all_slices(device.slices));
        }
    }
    return room;
}

const std::string* Node::label(const std::string& name) const {
    if (const auto set = labels_set.find(name); set != labels_set.end()) {
        return set->second.empty() ? nullptr : &set->second;
    }
    const auto declared = description.labels.find(name);
    return declared == description.labels.end() ? nullptr : &declared->second;
}

std::set<std::string> Node::accelerators() const {
    std::set<std::string> names;
    for (const DeviceDescription& device : description.devices) {
        names.insert(device.accelerator);
    }
    return names;
}

}  // namespace gusu::core
