// Elastic jobs: they start with as many tasks as fit, and give up what is above their least before
// any job is stopped as a whole.
#pragma once

#include <optional>
#include <vector>

#include "scheduler/core/policy/placement.h"

namespace gusu::core {

// The same with the fewest tasks it may run with. What is not elastic stays as it is.
Demand at_least(const Demand& demand);

// All of the job where that is possible; else, of an elastic one, the most tasks that the real
// placement finds room for within quota, one group after the other.
Placement place_most(const Demand& demand, const Plan& plan);

// A task that a running elastic job can do without.
struct SurplusTask {
    const Job* job = nullptr;
    int rank = 0;
};

// Of a placed job, those above its least that have not ended, the last rank first, as the first one
// leads the others. They may go together. None of an exclusive job, or of a group that is spread
// evenly.
std::vector<SurplusTask> surplus_of(const Job& placed);

// By job and rank.
std::vector<Shrink> as_shrinks(std::vector<SurplusTask> going);

// The tasks with which `asked` finds room on what `base` has free: a beginning of `surplus` as
// short as possible, less what of it is of no use. None if all together are not enough.
struct RoomByShrinking {
    std::vector<PlacedTask> tasks;
    std::vector<SurplusTask> going;
};
std::optional<RoomByShrinking> make_room(const Demand& asked, const Plan& base,
                                         const std::vector<SurplusTask>& surplus);

}  // namespace gusu::core
