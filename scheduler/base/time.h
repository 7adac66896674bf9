// Time as the core sees it: whole milliseconds, given from outside as an argument.
//
// The engine's clock never goes back, also over restarts (it starts at the last journaled time), so
// two events compare by their times even if somebody turns the wall clock.
#pragma once

#include <chrono>

namespace gusu {

using Duration = std::chrono::duration<std::int64_t, std::milli>;

struct LogicalClock {
    using duration = Duration;
    using rep = Duration::rep;
    using period = Duration::period;
    using time_point = std::chrono::time_point<LogicalClock, Duration>;
    static constexpr bool is_steady = true;
};

// Milliseconds since 1970-01-01T00:00:00Z.
using Time = LogicalClock::time_point;

inline constexpr Time kNever = Time::max();

inline std::int64_t to_milliseconds(Time time) { return time.time_since_epoch().count(); }
inline Time from_milliseconds(std::int64_t since_epoch) { return Time(Duration(since_epoch)); }

}  // namespace gusu
