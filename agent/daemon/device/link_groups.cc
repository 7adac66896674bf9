#include "agent/daemon/device/link_groups.h"

#include <map>
#include <numeric>
#include <optional>
#include <string>

namespace gusu::agent {
namespace {

std::string bus_id(NvmlPci& pci) {
    pci.bus_id[sizeof pci.bus_id - 1] = '\0';
    return pci.bus_id;
}

// Sets of devices that are joined two at a time. One place more than there are devices stands for
// the switches of the machine.
class Joined {
public:
    explicit Joined(std::size_t places) : set_of_(places) {
        std::iota(set_of_.begin(), set_of_.end(), std::size_t{0});
    }
    void join(std::size_t a, std::size_t b) {
        const std::size_t gone = set_of_[a];
        for (std::size_t& set : set_of_) {
            set = set == gone ? set_of_[b] : set;
        }
    }
    std::size_t set_of(std::size_t place) const { return set_of_[place]; }

private:
    std::vector<std::size_t> set_of_;
};

class LinkFinder {
public:
    LinkFinder(const Nvml& nvml, std::size_t devices)
        : nvml_(nvml), joined_(devices + 1), switches_(devices) {
        for (std::size_t i = 0; i < devices; ++i) {
            NvmlPci pci{};
            if (const auto device = handle(i);
                device != nullptr && nvml_.pci(device, &pci) == kNvmlSuccess) {
                by_bus_id_[bus_id(pci)] = i;
            }
        }
        for (const auto& [id, i] : by_bus_id_) {
            follow_links_of(i);
        }
    }

    const Joined& joined() const { return joined_; }

private:
    NvmlDevice handle(std::size_t index) const {
        NvmlDevice device = nullptr;
        const int code = nvml_.by_index(static_cast<unsigned int>(index), &device);
        return code == kNvmlSuccess ? device : nullptr;
    }

    void follow_links_of(std::size_t from) {
        const NvmlDevice device = handle(from);
        for (unsigned int link = 0; device != nullptr && link < kNvmlMostLinks; ++link) {
            unsigned int in_use = 0;
            if (nvml_.link_state(device, link, &in_use) == kNvmlSuccess && in_use != 0) {
                if (const auto to = other_end(device, link)) {
                    joined_.join(from, *to);
                }
            }
        }
    }

    std::optional<std::size_t> other_end(NvmlDevice device, unsigned int link) const {
        int type = kNvmlRemoteGpu;
        if (nvml_.link_remote_type != nullptr &&
            nvml_.link_remote_type(device, link, &type) == kNvmlSuccess &&
            type == kNvmlRemoteSwitch) {
            return switches_;
        }
        NvmlPci pci{};
        if (nvml_.link_remote(device, link, &pci) != kNvmlSuccess) {
            return std::nullopt;
        }
        const auto known = by_bus_id_.find(bus_id(pci));
        return known == by_bus_id_.end() ? std::nullopt : std::optional(known->second);
    }

    const Nvml& nvml_;
    Joined joined_;
    const std::size_t switches_;
    std::map<std::string, std::size_t> by_bus_id_;
};

}  // namespace

void find_link_groups(const Nvml& nvml, std::vector<v1::Device>& devices) {
    if (nvml.pci == nullptr || nvml.link_state == nullptr || nvml.link_remote == nullptr) {
        return;
    }
    const LinkFinder finder(nvml, devices.size());
    std::map<std::size_t, std::vector<v1::Device*>> by_set;
    for (std::size_t i = 0; i < devices.size(); ++i) {
        by_set[finder.joined().set_of(i)].push_back(&devices[i]);
    }
    std::map<int, std::vector<v1::Device*>> by_first;
    for (auto& [set, members] : by_set) {
        if (members.size() > 1) {
            by_first[members.front()->index()] = members;
        }
    }
    int number = 0;
    for (const auto& [first, members] : by_first) {
        for (v1::Device* member : members) {
            member->set_link_group(number);
        }
        ++number;
    }
}

}  // namespace gusu::agent
