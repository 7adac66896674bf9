// A process that can be killed between any two of its effects on the world: after the kill the code
// may go on to its next return, but nothing that it does counts any more.
#pragma once

#include <string>

#include "tools/sim/faults/climate.h"

namespace gusu::faults {

class Mortal {
public:
    Mortal(Life& life, std::string name) : life_(life), name_(std::move(name)) {}

    // Dies at its n-th effect from now; at most once.
    void doom(std::int64_t effects) { left_ = effects; }
    bool doomed() const { return left_ > 0; }
    bool dead() const { return dead_; }

    // Before each effect; false: it does not happen.
    bool may(const char* effect) {
        if (!dead_ && left_ > 0 && --left_ == 0) {
            dead_ = true;
            ++life_.counts.crash_points[name_ + ": " + effect];
        }
        return !dead_;
    }

private:
    Life& life_;
    std::string name_;
    std::int64_t left_ = 0;
    bool dead_ = false;
};

}  // namespace gusu::faults
