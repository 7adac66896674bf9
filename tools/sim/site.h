// All that a replay assumes beside the trace: the cluster, who owns what of it, and what stopping a
// job costs. What the core can be told goes in here, and CoreReplay passes it on in one place.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/base/time.h"
#include "scheduler/core/scheduler.h"
#include "tools/sim/cluster.h"
#include "tools/sim/trace.h"

namespace gusu::sim {

// What the scheduler may know of how long a job takes. None and History declare nothing, so that
// whatever the core learns it learns from jobs that ended; Oracle declares the true duration as the
// job's limit.
enum class Knowledge { None, History, Oracle };

enum class Policy { Gusu, Fifo, FifoSkip };

// Whether tenants share the cluster or each keeps to nodes of its own.
enum class Partition { Shared, ByTenant };

struct Site {
    Cluster cluster;
    std::vector<TenantNodes> owned;  // guarantees; and with ByTenant, in this order, the nodes
    int lendable_percent = 100;      // of each guarantee, while its owner leaves it idle
    Partition partition = Partition::Shared;
    Knowledge knowledge = Knowledge::None;
    int preemptible_percent = 100;
    // Work since the last checkpoint is lost on preemption; none: it checkpoints at that moment.
    std::optional<Duration> checkpoint_every;
    // Charged on every resume, for jobs of 1, 2 to 8 and more GPUs.
    std::array<Duration, 3> preemption_cost{};
    core::Policy rules = {};  // of the core
    // Ended jobs leave the core at once, so that a replay of years takes no more memory than a day.
    core::Retention retention{.keep_for = Duration(0), .keep_at_most = 0};

    Duration cost_of_resume(int gpus) const {
        return preemption_cost[gpus <= 1 ? 0 : gpus <= 8 ? 1 : 2];
    }
};

// Whether a job may be preempted: so many percent of jobs, by a hash of their ids.
bool is_preemptible(const std::string& job_id, int percent);

}  // namespace gusu::sim
