// What became of the jobs of a trace in one replay.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "scheduler/base/time.h"

namespace gusu::sim {

struct JobOutcome {
    std::optional<Time> ended;
    int preemptions = 0;
    double lost_gpu_s = 0;  // held without getting on: work lost, and resumes
};

// How things stood from a moment on.
struct CurvePoint {
    Time at;
    std::int64_t waiting = 0;
    std::int64_t busy_milli_gpus = 0;
};

struct Replayed {
    std::vector<JobOutcome> outcomes;  // one for each job of the trace
    std::int64_t refused = 0;          // jobs that no empty cluster could run
    std::int64_t failed = 0;           // jobs that the core ended otherwise than by their own end
    double held_gpu_s = 0;
    std::int64_t placements = 0;
    std::int64_t events = 0;  // from the first submission on
    double wall_s = 0;
    std::string log_sha256;
    std::vector<CurvePoint> curve;  // only if asked for
};

// Whether a run remembers its curve.
enum class Curves { No, Yes };

// That an attempt of a job comes to its end, unless it is stopped before.
struct Finish {
    Time at;
    std::uint32_t job = 0;
    std::uint32_t attempt = 0;

    friend auto operator<=>(const Finish&, const Finish&) = default;
};
using FinishQueue = std::priority_queue<Finish, std::vector<Finish>, std::greater<>>;

}  // namespace gusu::sim
