#include "scheduler/core/model/node.h"

#include <algorithm>

#include "scheduler/core/model/offer.h"

namespace gusu::core {

bool Room::is_nothing() const {
    return milli_cpus.is_zero() && memory.is_zero() &&
           std::ranges::all_of(device_milli, [](int milli) { return milli == 0; });
}

Room whole_room(const NodeDescription& node) {
    return {.milli_cpus = node.milli_cpus,
            .memory = node.memory,
            .device_milli = std::vector<int>(node.devices.size(), kWholeDevice)};
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
