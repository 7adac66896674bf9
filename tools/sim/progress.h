// A bar on stderr for long runs, only where somebody looks at a terminal.
#pragma once

#include <chrono>
#include <cstdint>

namespace gusu::sim {

class Progress {
public:
    explicit Progress(std::int64_t all);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // Cheap enough to be called for every job.
    void at(std::int64_t done) {
        if (is_shown_ && (done & 0xFF) == 0) {
            draw(done);
        }
    }

private:
    using Clock = std::chrono::steady_clock;
    void draw(std::int64_t done);

    std::int64_t all_;
    bool is_shown_;
    Clock::time_point drawn_ = Clock::now();
};

}  // namespace gusu::sim
