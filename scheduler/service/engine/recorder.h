// The rows that outlive the state: history of ended jobs, and usage.
#pragma once

#include "scheduler/core/model/state.h"
#include "scheduler/store/journal.h"

namespace gusu::service {

// Adds what `events`, just applied to `state`, leave behind.
void record_ended(const core::State& state, const core::Events& events, store::Batch& batch);

}  // namespace gusu::service
