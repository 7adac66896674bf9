// In which task, on which node, a program is to be started.
#pragma once

#include <string>

#include "gusu/v1/agent_service.pb.h"
#include "scheduler/base/result.h"
#include "scheduler/core/model/state.h"

namespace gusu::service {

struct ExecTarget {
    std::string node;
    v1::TaskKey key;
    std::string what;  // "1042 task 3"
};

// FailedPrecondition if that task does not run, with what it does instead.
Result<ExecTarget> exec_target(const core::State& state, const core::Job& job, int task);

// For a task that the node `asking` says it holds: in its job alone. NotAllowed if it does not,
// Unavailable if the other task is still to begin: a gang's do not begin at the same moment.
Result<ExecTarget> step_target(const core::State& state, const std::string& asking,
                               const v1::StepStart& start);

}  // namespace gusu::service
