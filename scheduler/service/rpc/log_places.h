// Where the logs of a task lie: one an attempt, on the node the attempt ran on.
#pragma once

#include <map>
#include <string>

#include "gusu/v1/job.pb.h"
#include "scheduler/base/result.h"
#include "scheduler/core/model/state.h"

namespace gusu::service {

struct LogPlaces {
    JobId job;
    std::string id;                    // as users write it
    int newest = 0;                    // attempt that was placed; 0: none yet
    bool over = false;                 // the job has ended: no attempt comes after the newest
    std::map<int, std::string> nodes;  // by attempt, those still known
};

// InvalidArgument if the job has no such task.
Result<LogPlaces> log_places(const core::State& state, const core::Job& job, int task);
// Of a job the state has forgotten: the history knows the newest attempt.
Result<LogPlaces> log_places(JobId id, const v1::Job& past, int task);

}  // namespace gusu::service
