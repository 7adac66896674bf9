// The engine's time: the wall clock when it was made, and then the steady clock. It never goes
// back, also not behind the last journaled event, so no step of the wall clock changes an outcome
// (P9).
#pragma once

#include <algorithm>
#include <chrono>

#include "scheduler/base/time.h"

namespace gusu::service {

class EngineClock {
public:
    // Not before `last`, the time of the last journaled event.
    void set_out_from(Time last) {
        const auto wall = std::chrono::system_clock::now().time_since_epoch();
        const Time now(std::chrono::duration_cast<Duration>(wall));
        base_ = std::max(now, last);
        began_ = std::chrono::steady_clock::now();
    }

    Time now() const {
        return base_ +
               std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began_);
    }

    std::chrono::steady_clock::time_point steady(Time time) const {
        return began_ + (time - base_);
    }

private:
    Time base_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace gusu::service
