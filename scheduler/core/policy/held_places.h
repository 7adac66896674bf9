// Backfill: large jobs that find no room have a place kept for them, so that those behind them do
// not take one part of it after the other.
//
// A place is known only where running jobs have time limits. It is kept device by device, from the
// time when the last of it becomes free: others may be there meanwhile if they will have ended, or
// may be stopped, by then. Who goes before in turn need not mind: if small jobs had to, most would
// wait far longer, and few large ones less. Places are derived from the state, not part of what
// happened.
#pragma once

#include <optional>
#include <vector>

#include "scheduler/core/policy/plan.h"

namespace gusu::core {

// At most 8 places are kept, one for each shape.
bool may_hold_for(const State& state, const Demand& demand);
// Whether a place may be kept for such jobs. Others need but one device, which whoever ends leaves;
// but who shares no node may need all of one to run empty.
bool is_large(const State& state, const Demand& demand);

// Who asks for room: a waiting job, or what it would be with another demand.
struct Asker {
    const State& state;
    const Job& job;
    Time now;
};
// What is free for it: not what is reserved, or kept for jobs before it.
Plan offered_to(const Asker& asker, const Demand& demand);
// The same for who goes behind all others.
Plan offered_behind_all(const Asker& asker, const Demand& demand);
// The place that is in the way of a job of this demand on the node; nullptr if there is none.
const HeldPlace* held_in_the_way(const Asker& asker, const Demand& demand, NodeId node);

// Whether the job, there, would be on devices of such a place.
bool takes_held_place(const Asker& asker, const Demand& demand,
                      const std::vector<PlacedTask>& tasks);

// The place that becomes free first: at most kMostEndsLookedAt running jobs are looked at, those
// that end first. Without tasks if there is none among them.
HeldPlace earliest_place(const Asker& asker);
// Whether it still comes in time, so that there is no need for another.
bool still_comes(const State& state, const HeldPlace& place, Time now);

// Jobs that came to the place since it was chosen and are all that is in the way. nullopt: there
// is more than that. Empty: it is free.
std::optional<std::vector<JobId>> fillers(const State& state, const HeldPlace& place);
// Whether they may be stopped now: its time has come, or they have run for as long as all jobs may.
bool may_be_cleared(const State& state, const HeldPlace& place, const std::vector<JobId>& fillers,
                    Time now);

// For whom is late: so much longer it is waited.
inline constexpr Duration kWaitsForPlace{60'000};

}  // namespace gusu::core
