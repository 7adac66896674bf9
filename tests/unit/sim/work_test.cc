#include "tools/sim/work.h"

#include <gtest/gtest.h>

namespace gusu::sim {
namespace {

TEST(Work, IsTakenUpWhereItWasLeft) {
    constexpr Duration kCost{7};
    const struct {
        const char* name;
        std::optional<Duration> checkpoint_every;
        int stopped;       // the first attempt, begun at 0, of a job of 100
        int resumed;       // the second attempt
        int lost;          // by the first
        int expected_end;  // of the second
    } cases[] = {
        {"kept to the moment", std::nullopt, 40, 50, 0, 50 + 7 + 60},
        {"back to the checkpoint", Duration(30), 40, 50, 10, 50 + 7 + 70},
        {"before the first checkpoint", Duration(30), 20, 50, 20, 50 + 7 + 100},
        {"just at a checkpoint", Duration(30), 60, 60, 0, 60 + 7 + 40},
        {"stopped at once", std::nullopt, 0, 5, 0, 5 + 7 + 100},
    };
    for (const auto& each : cases) {
        Work work(Duration(100));
        EXPECT_EQ(work.begin(Time(Duration(0)), kCost), Time(Duration(100))) << each.name;
        EXPECT_EQ(work.end(Time(Duration(each.stopped)), each.checkpoint_every),
                  Duration(each.lost))
            << each.name;
        EXPECT_EQ(work.begin(Time(Duration(each.resumed)), kCost),
                  Time(Duration(each.expected_end)))
            << each.name;
        EXPECT_EQ(work.end(Time(Duration(each.expected_end)), each.checkpoint_every), kCost)
            << each.name;
        EXPECT_EQ(work.left(), Duration(0)) << each.name;
    }
}

TEST(Work, StoppedWhileItResumesHasOnlyLost) {
    Work work(Duration(100));
    work.begin(Time(Duration(0)), Duration(7));
    work.end(Time(Duration(50)), std::nullopt);
    work.begin(Time(Duration(60)), Duration(7));
    EXPECT_EQ(work.end(Time(Duration(63)), std::nullopt), Duration(3));
    EXPECT_EQ(work.left(), Duration(50));
}

}  // namespace
}  // namespace gusu::sim
