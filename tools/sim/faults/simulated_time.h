// The one clock of a simulated world, and what is to happen by it: in order of time, and of being
// asked for at equal times.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "scheduler/base/time.h"
#include "tools/sim/random.h"

namespace gusu::faults {

class SimulatedTime {
public:
    using Callback = std::function<void()>;

    Duration now() const { return now_; }
    std::uint64_t happened() const { return happened_; }

    void at(Duration time, Callback callback) {
        queue_.push({std::max(time, now_), ++asked_, std::move(callback)});
    }
    void after(Duration time, Callback callback) { at(now_ + time, std::move(callback)); }

    // Lets the next thing happen, if it is due by `until`; else it is `until`, and false.
    bool go_on(Duration until) {
        if (queue_.empty() || queue_.top().time > until) {
            now_ = until;
            return false;
        }
        const Callback callback = std::move(const_cast<Due&>(queue_.top()).callback);
        now_ = queue_.top().time;
        queue_.pop();
        ++happened_;
        callback();
        return true;
    }

private:
    struct Due {
        Duration time;
        std::uint64_t order;
        Callback callback;
        friend bool operator<(const Due& a, const Due& b) {
            return std::pair(a.time, a.order) > std::pair(b.time, b.order);
        }
    };
    Duration now_{0};
    std::uint64_t asked_ = 0;
    std::uint64_t happened_ = 0;
    std::priority_queue<Due> queue_;
};

// What chance decides.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}

    bool falls(double probability) { return random_.uniform() < probability; }
    std::int64_t upto(std::int64_t most) {
        return static_cast<std::int64_t>(random_.bits() % (static_cast<std::uint64_t>(most) + 1));
    }
    Duration between(Duration least, Duration most) {
        return least + Duration(upto((most - least).count()));
    }
    Duration around(Duration mean) {
        return Duration(
            1 + static_cast<std::int64_t>(random_.exponential(static_cast<double>(mean.count()))));
    }
    std::uint64_t bits() { return random_.bits(); }

private:
    sim::Random random_;
};

}  // namespace gusu::faults
