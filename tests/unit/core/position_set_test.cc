#include "scheduler/core/model/position_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace gusu::core {
namespace {

std::vector<std::size_t> members(const PositionSet& set) {
    std::vector<std::size_t> all;
    for (std::size_t at = set.next(0); at != PositionSet::kNone; at = set.next(at + 1)) {
        all.push_back(at);
    }
    return all;
}

TEST(PositionSet, HasWhatASetHas) {
    std::mt19937_64 random(7);
    for (const std::uint64_t bound : {5U, 64U, 65U, 5'000U, 300'000U}) {
        SCOPED_TRACE(bound);
        PositionSet positions;
        std::set<std::size_t> expected;
        for (int i = 0; i < 2'000; ++i) {
            const std::size_t position = random() % bound;
            if (random() % 3 == 0) {
                positions.erase(position);
                expected.erase(position);
            } else {
                positions.insert(position);
                expected.insert(position);
            }
        }
        EXPECT_EQ(members(positions), std::vector<std::size_t>(expected.begin(), expected.end()));
        for (const std::size_t position : expected) {
            positions.erase(position);
        }
        EXPECT_EQ(positions.next(0), PositionSet::kNone);
    }
}

}  // namespace
}  // namespace gusu::core
