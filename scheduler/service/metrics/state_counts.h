// How many of what there are: one look at the state, for the status screen and the metrics.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "gusu/v1/job.pb.h"
#include "gusu/v1/node.pb.h"
#include "scheduler/core/scheduler.h"

namespace gusu::service {

// Thousandths of GPUs. A device out of touch or unhealthy counts as unhealthy unless a job holds
// it; free room of a drained node is draining.
struct GpuCounts {
    std::int64_t free = 0;
    std::int64_t allocated = 0;
    std::int64_t draining = 0;
    std::int64_t unhealthy = 0;
    std::int64_t quarantined = 0;
    bool simulated = false;

    std::int64_t all() const { return free + allocated + draining + unhealthy + quarantined; }
};

std::map<std::string, GpuCounts> count_gpus(const core::State& state);
std::map<v1::NodeState, std::int64_t> count_nodes(const core::State& state);

// Jobs that have not ended, of each tenant itself, without those below it.
using JobsByTenant = std::map<std::string, std::map<v1::JobState, std::int64_t>>;
JobsByTenant count_jobs(const core::State& state);

std::map<core::WaitReason, std::int64_t> count_waiting(const core::State& state, Time now);

}  // namespace gusu::service
