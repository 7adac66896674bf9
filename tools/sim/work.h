// How far a job has come, over all its attempts.
#pragma once

#include <algorithm>
#include <optional>

#include "scheduler/base/time.h"

namespace gusu::sim {

class Work {
public:
    explicit Work(Duration duration) : left_(duration) {}

    // An attempt begins. It ends at the returned time, unless it is stopped before. Every attempt
    // but the first costs `resume_cost` before it gets on.
    Time begin(Time now, Duration resume_cost) {
        began_ = now;
        cost_ = has_run_ ? resume_cost : Duration(0);
        has_run_ = true;
        return now + cost_ + left_;
    }

    // The attempt is over. Without checkpoints at intervals it keeps all its work; with them, only
    // what was done until the last. Returns the time it was held without getting on.
    Duration end(Time now, std::optional<Duration> checkpoint_every) {
        const Duration held = now - began_;
        const Duration done = std::max(held - cost_, Duration(0));
        const bool is_complete = done >= left_;
        const Duration kept =
            is_complete || !checkpoint_every ? done : done / *checkpoint_every * *checkpoint_every;
        left_ -= kept;
        return held - kept;
    }

    Time began() const { return began_; }
    Duration left() const { return left_; }

private:
    Duration left_;
    Duration cost_{0};  // of this attempt
    Time began_;
    bool has_run_ = false;
};

}  // namespace gusu::sim
