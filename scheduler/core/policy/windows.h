// Whether a job may be on a node for as long as it stays there: nodes that are reserved, or will be
// drained, are not there for all.
//
// A job is in nobody's way if it will have ended when the window begins. One that may be stopped is
// stopped then, and so needs only the time for which no job is asked to stop.
#pragma once

#include <optional>

#include "scheduler/core/model/state.h"

namespace gusu::core {

// How long a job needs its place once it has it; nullopt: without end.
std::optional<Duration> stay_of(const Policy& policy, const Demand& demand);

// The first window on the node in which a job of this demand would be if it started `now`; nullptr
// if there is none.
const Window* window_in_the_way(const State& state, const Demand& demand, NodeId node, Time now);

// Whether the tenant's jobs may be in a window that is reserved for `owner`.
bool is_entitled(const State& state, TenantId tenant, TenantId owner);

// The nearest tenant, itself or above it, that has reserved nodes; none if there is none.
TenantId entitlement_of(const State& state, TenantId tenant);

// When a placed job ends at the latest; kNever if nobody knows.
Time ends_by(const Job& placed, Time now);

}  // namespace gusu::core
