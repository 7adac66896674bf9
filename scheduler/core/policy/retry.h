// Whether and when a job that did not succeed is tried again.
#pragma once

#include <optional>

#include "scheduler/core/model/job.h"

namespace gusu::core {

// When the next attempt may begin; none: the job has ended. A preempted job always comes back, at
// once and without using up a retry.
std::optional<Time> next_attempt(const Job& job, const Ending& ending, Time now);

}  // namespace gusu::core
