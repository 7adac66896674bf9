#include "scheduler/base/id_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "scheduler/base/ids.h"

namespace gusu {
namespace {

using Names = IdTable<JobId, std::string>;

std::vector<std::uint64_t> ids_in(const Names& names) {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, name] : names) {
        ids.push_back(id.value);
    }
    return ids;
}

TEST(IdTable, IsWalkedInTheOrderOfIdsAcrossGaps) {
    Names names;
    for (const std::uint64_t id : {700U, 3U, 64U, 5'000'000U, 63U}) {
        EXPECT_TRUE(names.emplace(JobId{id}, "job").second);
    }
    EXPECT_FALSE(names.emplace(JobId{64}, "another").second);
    EXPECT_EQ(names.at(JobId{64}), "job");
    EXPECT_EQ(ids_in(names), (std::vector<std::uint64_t>{3, 63, 64, 700, 5'000'000}));
    EXPECT_EQ(names.lower_bound(JobId{65})->first, JobId{700});
    EXPECT_EQ(names.lower_bound(JobId{5'000'001}), names.end());
}

TEST(IdTable, ACopyIsOfItsOwn) {
    Names names;
    names[JobId{1}] = "before";
    Names copy = names;
    copy[JobId{1}] = "after";
    copy.erase(JobId{1});
    EXPECT_EQ(names.at(JobId{1}), "before");
    EXPECT_TRUE(copy.empty());
    EXPECT_EQ(copy.begin(), copy.end());
}

// As an ordered map does, whatever comes and goes.
TEST(IdTable, DoesWhatAMapDoes) {
    std::mt19937 random(7);
    Names names;
    std::map<JobId, std::string> map;
    for (int i = 0; i < 20'000; ++i) {
        const JobId id{random() % 2000 + static_cast<std::uint64_t>(i / 10)};
        if (random() % 2 == 0) {
            names[id] = map[id] = std::to_string(i);
        } else {
            names.erase(id);
            map.erase(id);
        }
        ASSERT_EQ(names.contains(id), map.contains(id));
        ASSERT_EQ(names.size(), map.size());
    }
    EXPECT_TRUE(std::ranges::equal(names, map));
    EXPECT_TRUE(std::equal(std::make_reverse_iterator(names.end()),
                           std::make_reverse_iterator(names.begin()), map.rbegin(), map.rend()));
    for (std::uint64_t id = 0; id < 5000; ++id) {
        const auto next = map.lower_bound(JobId{id});
        const auto found = std::as_const(names).lower_bound(JobId{id});
        ASSERT_EQ(found == names.end(), next == map.end());
        ASSERT_TRUE(next == map.end() || found->first == next->first);
    }
}

}  // namespace
}  // namespace gusu
