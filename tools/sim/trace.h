// The jobs of a trace: who asks when for what, and how long each really took.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/base/result.h"
#include "scheduler/base/time.h"

namespace gusu::sim {

// What a job asks for; jobs that ask for the same share one.
struct Shape {
    int gpus = 0;
    int milli_each = 1000;        // of one GPU for each asked for; below 1000 only with gpus = 1
    std::int64_t milli_cpus = 0;  // of the whole job
    std::int64_t memory = 0;      // bytes, of the whole job
    std::vector<std::string> models;  // accepted ones; empty: any

    friend auto operator<=>(const Shape&, const Shape&) = default;

    std::int64_t milli_gpus() const { return std::int64_t{gpus} * milli_each; }
};

struct TraceJob {
    Duration submit{0};  // after the first submission of the trace
    Duration duration{0};
    std::uint32_t shape = 0;   // in Trace::shapes
    std::uint32_t tenant = 0;  // in Trace::tenants
};

struct Trace {
    std::vector<std::string> tenants;
    std::vector<Shape> shapes;
    std::vector<TraceJob> jobs;                  // by submission, then as in the file
    std::vector<std::string> ids;                // of jobs
    std::vector<std::optional<Duration>> alone;  // column exclusive_s; empty if there is none
    Duration origin{0};                          // of the first submission, as the file counts

    const Shape& shape_of(std::size_t job) const { return shapes[jobs[job].shape]; }
};

// Replays need to know how long jobs took; placing without an end does not.
enum class Durations { Needed, Unused };

struct JobFilter {
    Durations durations = Durations::Needed;
    // By submission: from <= submit < until.
    Duration from{std::numeric_limits<std::int64_t>::min()};
    Duration until{std::numeric_limits<std::int64_t>::max()};
    std::vector<std::string> tenants = {};  // empty: all
};

Result<Trace> read_jobs(const std::string& path, const JobFilter& filter);

// How a job is laid over nodes of so many GPUs: whole nodes, and one task with the rest.
struct Gang {
    int whole_nodes = 0;
    int rest_gpus = 0;
    bool has_rest = true;

    friend bool operator==(const Gang&, const Gang&) = default;
};

// A job that fits one node is one task; a larger one takes whole nodes, and the remainder another.
constexpr Gang gang_of(int gpus, int gpus_per_node) {
    if (gpus <= gpus_per_node) {
        return Gang{.whole_nodes = 0, .rest_gpus = gpus, .has_rest = true};
    }
    const int rest = gpus % gpus_per_node;
    return Gang{.whole_nodes = gpus / gpus_per_node, .rest_gpus = rest, .has_rest = rest > 0};
}

inline double gpu_seconds(Duration held, const Shape& shape) {
    return static_cast<double>(held.count()) / 1000 * static_cast<double>(shape.milli_gpus()) /
           1000;
}

// What of an amount of the whole job goes with so many of its GPUs.
constexpr std::int64_t part_of(std::int64_t amount, const Shape& shape, int gpus) {
    return gpus == shape.gpus ? amount : amount / shape.gpus * gpus;
}

// Results are told by these classes of GPUs.
enum class SizeClass { None, One, UpToEight, Larger };
inline constexpr std::array<const char*, 4> kSizeClassNames{"0", "1", "2-8", ">8"};

constexpr SizeClass size_class(int gpus) {
    return gpus == 0   ? SizeClass::None
           : gpus == 1 ? SizeClass::One
           : gpus <= 8 ? SizeClass::UpToEight
                       : SizeClass::Larger;
}

}  // namespace gusu::sim
