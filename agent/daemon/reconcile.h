// What to do so that the tasks of this node become those the scheduler desires. A pure function:
// any message may come twice or late.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "agent/daemon/task.h"

namespace gusu::agent {

using KnownPhases = std::map<TaskKey, TaskPhase>;

struct StopTask {
    TaskKey key;
    v1::StopOrder order;
};

struct Actions {
    // Into the message, which must outlive this. Keys nobody knew before.
    std::vector<const v1::DesiredTask*> start;
    // Stopped before they were known: to be kept as exited, so that they are never started.
    std::vector<TaskKey> never_start;
    std::vector<StopTask> stop;
    // No longer desired, and exited.
    std::vector<TaskKey> forget;
    // No longer desired, and not exited yet: to be killed, then forgotten.
    std::vector<TaskKey> kill;
};

// Nothing at all if the message is of a lower epoch than one already obeyed.
std::optional<Actions> reconcile(const KnownPhases& known, const v1::Desired& desired,
                                 std::uint64_t highest_epoch);

}  // namespace gusu::agent
