// What follows by itself from the state and the time.
#pragma once

#include <optional>

#include "scheduler/core/event.h"
#include "scheduler/core/model/state.h"

namespace gusu::core {

// What follows from tasks of a placed job having ended: the attempt is over, or the rest of the
// gang must stop, or nothing yet.
std::optional<Event> consequence(const Job& job, Time now);

// What the attempt held, until now.
std::vector<UsageRow> usage_of(const Job& job, Time now);

}  // namespace gusu::core
