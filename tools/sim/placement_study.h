// How much of a cluster can be allocated when pods only come: the study of FGD (ATC 23).
//
// Each pod is submitted and either placed at once or refused for good; none ends. What is reported
// is, as there, the mean allocated share of the cluster's GPUs over the arrivals whose sum, in
// percent of the cluster's GPUs, rounds to the named percentage.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "scheduler/base/result.h"
#include "tools/sim/site.h"
#include "tools/sim/trace.h"

namespace gusu::sim {

// Pods in the order in which they come, and nodes in the order first-fit tries them.
struct Arrivals {
    std::vector<std::uint32_t> jobs;  // of the trace; one may come again
    std::vector<int> nodes;           // of the cluster
};

// Columns seq, job_id and node_at_rank. Without nodes in it they stand as in the cluster.
Result<Arrivals> read_arrivals(const std::string& path, const Trace& trace, const Cluster& cluster);

enum class Placer { Core, FirstFit };

struct Allocation {
    std::map<int, double> allocated_percent;  // by percent arrived
    std::int64_t placed = 0;
    std::int64_t refused = 0;
    std::int64_t events = 0;
    double wall_s = 0;
    std::string log_sha256;
};

Result<Allocation> place_all(const Trace& trace, const Site& site, const Arrivals& arrivals,
                             Placer placer);

}  // namespace gusu::sim
