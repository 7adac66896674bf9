#include "scheduler/core/policy/links.h"

#include <gtest/gtest.h>

namespace gusu::core {
namespace {

// Devices 0, 1, ... in these groups; -1: in none.
NodeDescription node_with(const std::vector<int>& groups) {
    NodeDescription node;
    for (const int group : groups) {
        DeviceDescription& device = node.devices.emplace_back();
        device.index = static_cast<int>(node.devices.size()) - 1;
        device.link_group = group < 0 ? std::nullopt : std::optional(group);
    }
    return node;
}

struct LinksCase {
    const char* name;
    std::vector<int> groups;
    std::vector<int> usable;
    int wanted;
    std::vector<int> expected;
};

TEST(Links, ATaskGetsDevicesThatReachEachOther) {
    const LinksCase cases[] = {
        {"nothing known: the lowest", {-1, -1, -1, -1}, {1, 2, 3}, 2, {1, 2}},
        {"within one group", {0, 0, 1, 1}, {1, 2, 3}, 2, {2, 3}},
        {"the smallest that has enough", {0, 0, 0, 0, 1, 1}, {0, 1, 2, 3, 4, 5}, 2, {4, 5}},
        {"one alone takes from what is broken already", {0, 0, 1, 1}, {0, 1, 3}, 1, {3}},
        {"too large for one: as few as can be",
         {0, 0, 1, 1, 1, 2},
         {0, 1, 2, 3, 4, 5},
         4,
         {0, 2, 3, 4}},
        {"linked before not linked", {-1, -1, 0, 0}, {0, 1, 2, 3}, 2, {2, 3}},
        {"groups need not be neighbours", {0, 1, 0, 1}, {0, 1, 2, 3}, 2, {0, 2}},
    };
    for (const LinksCase& each : cases) {
        EXPECT_EQ(closest(node_with(each.groups), each.usable, each.wanted), each.expected)
            << each.name;
    }
}

}  // namespace
}  // namespace gusu::core
