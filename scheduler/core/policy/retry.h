// Whether and when a job that did not succeed is tried again.
#pragma once

#include <optional>

#include "scheduler/core/model/job.h"

namespace gusu::core {

// Whether the attempt is no fault of the job: it was preempted, or the node or its devices failed.
// A job that finds fault with one node after the other does so for a while only.
bool is_forgiven(const Job& job, const Ending& ending);

// When the next attempt may begin; none: the job has ended. A job whose attempt is forgiven comes
// back at once and without using up a retry.
std::optional<Time> next_attempt(const Job& job, const Ending& ending, Time now);

}  // namespace gusu::core
