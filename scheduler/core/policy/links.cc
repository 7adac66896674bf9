#include "scheduler/core/policy/links.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace gusu::core {
namespace {

using Group = std::vector<int>;

// The smallest first; of equal ones those that are linked before those that are not, each by
// number.
std::vector<Group> groups_of(const NodeDescription& node, const std::vector<int>& usable) {
    std::map<std::tuple<bool, int>, Group> by_number;
    for (const int device : usable) {
        const auto group = node.devices[static_cast<std::size_t>(device)].link_group;
        by_number[{!group, group.value_or(0)}].push_back(device);
    }
    std::map<std::tuple<std::size_t, bool, int>, Group> by_size;
    for (auto& [number, devices] : by_number) {
        const auto& [is_alone, group] = number;
        by_size[{devices.size(), is_alone, group}] = std::move(devices);
    }
    std::vector<Group> groups;
    for (auto& [size, devices] : by_size) {
        groups.push_back(std::move(devices));
    }
    return groups;
}

}  // namespace

std::vector<int> closest(const NodeDescription& node, const std::vector<int>& usable, int wanted) {
    const auto enough = static_cast<std::size_t>(wanted);
    std::vector<Group> groups = groups_of(node, usable);
    const auto fits =
        std::ranges::find_if(groups, [&](const Group& group) { return group.size() >= enough; });
    if (fits != groups.end()) {
        fits->resize(enough);
        return *fits;
    }
    Group chosen;  // the last of the groups may not be needed whole
    for (auto group = groups.rbegin(); group != groups.rend() && chosen.size() < enough; ++group) {
        const std::size_t more = std::min(group->size(), enough - chosen.size());
        chosen.insert(chosen.end(), group->begin(),
                      group->begin() + static_cast<std::ptrdiff_t>(more));
    }
    std::ranges::sort(chosen);
    return chosen;
}

}  // namespace gusu::core
