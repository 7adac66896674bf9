// One node on which jobs may be stopped, and whether that would be of use to a waiting job.
#pragma once

#include <vector>

#include "scheduler/core/model/state.h"

namespace gusu::core {

// A node on which some jobs may be stopped.
struct Stage {
    const Node* node = nullptr;
    std::vector<const Job*> stoppable;  // none twice
    Room most;                          // free there if all of them were stopped

    Stage(const State& state, const Node& on);
    // Whether a job of one task could be there then.
    bool suits(const State& state, const Demand& demand) const;
};

// The group whose tasks are hardest to place.
const TaskGroup& main_group_of(const Demand& demand);
// Whether a task of the main group could be on the node with so much free.
bool fits(const State& state, const Demand& demand, const Node& node, const Room& room);

}  // namespace gusu::core
