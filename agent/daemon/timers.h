// The time as the agent's parts see it, and calls at a time: all on the loop's thread.
#pragma once

#include <chrono>
#include <functional>

#include "scheduler/base/time.h"

namespace gusu::agent {

class Timers {
public:
    using Callback = std::function<void()>;
    using Clock = std::chrono::steady_clock;

    virtual ~Timers() = default;
    virtual Clock::time_point now() const = 0;
    // By the clock that counts from the boot of the machine; see supervisor/boot_clock.h.
    virtual Duration since_boot() const = 0;
    // Once.
    virtual void at(Clock::time_point time, Callback callback) = 0;
    void after(Clock::duration time, Callback callback) { at(now() + time, std::move(callback)); }
};

}  // namespace gusu::agent
