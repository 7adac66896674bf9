#include <gtest/gtest.h>

#include "scheduler/core/model/offer.h"
#include "tests/world/world.h"

namespace gusu::core {
namespace {

constexpr SliceShape kOne{.size = 1, .starts = 0x7f};   // 1g of an A100
constexpr SliceShape kTwo{.size = 2, .starts = 0x15};   // 2g
constexpr SliceShape kFour{.size = 4, .starts = 0x11};  // 3g
constexpr SliceShape kAll{.size = 8, .starts = 0x01};   // 7g

struct PlaceCase {
    const char* name;
    SliceShape shape;
    Slices free;
    std::optional<Slices> expected;
};

TEST(Slices, AreTakenWhereMostNeighboursStayTogether) {
    const PlaceCase cases[] = {
        {"at the end, where fewer profiles begin", kOne, 0xff, 0x40},
        {"a broken pair before a whole one", kOne, 0b0011'0100, 0x04},
        {"never the last slice, where none of this profile begins", kOne, 0x80, std::nullopt},
        {"a pair out of the broken half", kTwo, 0b0011'1111, 0x30},
        {"no pair across two halves of pairs", kTwo, 0b0000'0110, std::nullopt},
        {"the upper half", kFour, 0xff, 0xf0},
        {"the lower half if that is free", kFour, 0b0110'1111, 0x0f},
        {"all", kAll, 0xff, 0xff},
        {"all or nothing", kAll, 0x7f, std::nullopt},
    };
    for (const PlaceCase& each : cases) {
        EXPECT_EQ(each.shape.best_of(each.free), each.expected) << each.name;
    }
}

TEST(Slices, AsManyFitAsTheProfileAllows) {
    EXPECT_EQ(kOne.most_in(0xff), 7);
    EXPECT_EQ(kTwo.most_in(0xff), 3);
    EXPECT_EQ(kFour.most_in(0xff), 2);
    EXPECT_EQ(kAll.most_in(0xff), 1);
    EXPECT_EQ(kTwo.most_in(0b0001'1110), 1);
    EXPECT_EQ(kOne.most_in(0), 0);
}

// For every set of free slices: what best_of() takes fits, and after it most_in() counts one less
// at most by as many as the place broke.
TEST(Slices, EveryPlaceIsFreeAndBeginsWhereItMay) {
    for (const SliceShape& shape : {kOne, kTwo, kFour, kAll}) {
        for (int free = 0; free < 256; ++free) {
            const auto set = static_cast<Slices>(free);
            const auto taken = shape.best_of(set);
            EXPECT_EQ(taken.has_value(), shape.most_in(set) > 0);
            if (taken) {
                EXPECT_EQ(*taken & ~set, 0);
                EXPECT_EQ(count_slices(*taken), shape.size);
                EXPECT_NE(shape.starts >> std::countr_zero(*taken) & 1, 0);
            }
        }
    }
}

TEST(Slices, SlicesAndWholeDevicesAreNotTakenForEachOther) {
    const Ask slice{.devices = 1, .milli_each = 250, .slice = kTwo};
    const Ask share{.devices = 1, .milli_each = 250};
    const FreeDevice whole{.accelerator = 0, .milli = 1000};
    const FreeDevice cut{.accelerator = 0, .milli = 1000, .slices = 0xff};
    const FreeDevice cut_into_four{.accelerator = 0, .milli = 1000, .slices = 0x0f};
    EXPECT_EQ(tasks_on(slice, cut), 3);
    EXPECT_EQ(tasks_on(slice, whole), 0);
    EXPECT_EQ(tasks_on(slice, cut_into_four), 0);
    EXPECT_EQ(tasks_on(share, whole), 4);
    EXPECT_EQ(tasks_on(share, cut), 0);
}

class SlicesOfANode : public ::testing::Test {
protected:
    SlicesOfANode() { EXPECT_TRUE(world_.execute(CreateTenant{world_.admin(), "t", {}}).ok()); }

    JobId submit(const std::string& profile) {
        auto demand = std::make_shared<Demand>();
        TaskGroup group;
        group.per_task = {.milli_gpus = {}, .milli_cpus = Amount(1000), .memory = Amount(1)};
        group.slice = SliceProfile{.name = profile};
        demand->groups = {group};
        Submission submission;
        submission.tenant = "t";
        submission.spec.demand = demand;
        const JobId id{world_.state().next_id()};
        EXPECT_TRUE(world_
                        .execute(SubmitJobs{.caller = world_.admin(),
                                            .request_id = std::to_string(id.value),
                                            .submissions = {submission}})
                        .ok());
        return id;
    }
    const Room& room() const { return world_.state().node("n1")->room; }
    void join(int cut, int gpus = 2) {
        EXPECT_TRUE(world_
                        .join({.name = "n1",
                               .accelerator = "nvidia-a100",
                               .gpus = gpus,
                               .labels = {},
                               .cut = cut})
                        .ok());
    }

    gusu::testing::World world_;
};

TEST_F(SlicesOfANode, WhatATaskLeavesIsFreeAgain) {
    join(1);
    const JobId small = submit("1g.10gb");
    const JobId large = submit("3g.40gb");
    EXPECT_EQ(room().device_milli, (std::vector<int>{375, 1000}));
    EXPECT_EQ(room().slices, (std::vector<Slices>{0b1011'0000, 0}));
    EXPECT_TRUE(world_.observe(large, 0, TaskEnded{.at = {}, .ending = {}}).ok());
    EXPECT_EQ(room().slices, (std::vector<Slices>{0b1011'1111, 0}));
    EXPECT_TRUE(world_.observe(small, 0, TaskEnded{.at = {}, .ending = {}}).ok());
    EXPECT_EQ(room(), whole_room(world_.state().node("n1")->description));
}

// An agent says what it finds; what was placed before is counted as far as it is still true.
TEST_F(SlicesOfANode, ADeviceThatIsCutNoMoreHasNothingFreeWhileASliceOfItIsHeld) {
    join(1);
    const JobId job = submit("2g.20gb");
    join(0);
    EXPECT_FALSE(world_.state().node("n1")->room_is_exact);
    EXPECT_EQ(room().device_milli, (std::vector<int>{0, 1000}));
    EXPECT_TRUE(world_.observe(job, 0, TaskEnded{.at = {}, .ending = {}}).ok());
    EXPECT_EQ(room().device_milli, (std::vector<int>{1000, 1000}));
    EXPECT_TRUE(world_.state().node("n1")->room_is_exact);
}

TEST_F(SlicesOfANode, AStateMadeFromItsEventsKnowsWhichSlicesAreHeld) {
    join(1);
    submit("1g.10gb");
    submit("2g.20gb");
    State again;
    for (const Event& event : world_.state().as_events()) {
        again.apply(event);
    }
    EXPECT_EQ(again.node("n1")->room, room());
}

}  // namespace
}  // namespace gusu::core
