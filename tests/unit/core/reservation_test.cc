#include "scheduler/core/model/reservation.h"

#include <gtest/gtest.h>

namespace gusu::core {
namespace {

Reservation of_hours(int starts, int lasts, int every) {
    const auto hours = [](int n) { return Duration(n * 3'600'000); };
    Reservation reservation;
    reservation.starts = Time(hours(starts));
    reservation.lasts = hours(lasts);
    reservation.every = hours(every);
    return reservation;
}

TEST(Reservation, NextStart) {
    struct Case {
        const char* what;
        Reservation reservation;
        int now;
        std::optional<int> next;
    };
    const Case cases[] = {
        {"ahead", of_hours(5, 2, 0), 1, 5},
        {"open", of_hours(5, 2, 0), 6, 5},
        {"over", of_hours(5, 2, 0), 7, {}},
        {"the next day", of_hours(5, 2, 24), 7, 29},
        {"days later", of_hours(5, 2, 24), 56, 77},
        {"in a later window", of_hours(5, 2, 24), 54, 53},
    };
    for (const Case& each : cases) {
        const auto next = next_start(each.reservation, Time(Duration(each.now * 3'600'000)));
        const auto hour =
            next ? std::optional<int>(static_cast<int>(to_milliseconds(*next) / 3'600'000))
                 : std::nullopt;
        EXPECT_EQ(hour, each.next) << each.what;
    }
}

TEST(Reservation, Overlap) {
    struct Case {
        const char* what;
        Reservation a, b;
        bool overlaps;
    };
    const Case cases[] = {
        {"one after the other", of_hours(1, 2, 0), of_hours(3, 2, 0), false},
        {"by an hour", of_hours(1, 2, 0), of_hours(2, 2, 0), true},
        {"once, in a later day's window", of_hours(1, 2, 24), of_hours(50, 1, 0), true},
        {"once, between the windows", of_hours(1, 2, 24), of_hours(60, 1, 0), false},
        {"once, into the next window", of_hours(1, 2, 24), of_hours(72, 2, 0), true},
        {"once, before the first window", of_hours(100, 2, 24), of_hours(4, 2, 0), false},
        {"every day and every week", of_hours(1, 2, 24), of_hours(49, 1, 168), true},
        {"every day and every week, at other hours", of_hours(1, 2, 24), of_hours(52, 1, 168),
         false},
    };
    for (const Case& each : cases) {
        EXPECT_EQ(overlap(each.a, each.b), each.overlaps) << each.what;
        EXPECT_EQ(overlap(each.b, each.a), each.overlaps) << each.what << ", the other way round";
    }
}

}  // namespace
}  // namespace gusu::core
