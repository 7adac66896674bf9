// Sensitive data shares no node: where a job of a tenant runs whose data is sensitive, nobody
// else's does, and it goes only where nobody else's does.
//
// The enclosure is the highest tenant whose data is sensitive, and all below it: these may share.
// A class below its parent's counts as the parent's. Another class decides about what is placed
// from then on; what runs, runs on, and beside those that share a node they may share no more
// nobody comes until one side has left.
#pragma once

#include "scheduler/core/model/state.h"

namespace gusu::core {

// The strictest of the tenant's and those above it.
DataClass data_class(const State& state, const Tenant& tenant);

// None for a tenant that may share nodes with all others that may.
TenantId enclosure_of(const State& state, TenantId tenant);

// Whether somebody who is on the node now keeps such a job from it.
bool may_share(const State& state, const Demand& demand, NodeId node);

std::string word(DataClass data_class);

}  // namespace gusu::core
