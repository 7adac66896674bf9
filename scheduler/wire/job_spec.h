// The job a user asks for, from message to core and back.
#pragma once

#include <string>

#include "gusu/v1/job.pb.h"
#include "scheduler/base/result.h"
#include "scheduler/core/command.h"
#include "scheduler/core/model/state.h"

namespace gusu::wire {

// All that can be wrong with a spec whatever the state of the platform is refused here, by a
// message that names the field (`field` is where the spec stands in its request: "spec",
// "specs[3]"), the value and what is allowed. `position` is the place of the spec in its batch:
// dependencies on jobs of the same batch name earlier ones.
//
// The demand has no tenant yet: decide() finds it by Submission::tenant.
Result<core::Submission> to_submission(const v1::JobSpec& spec, const std::string& field,
                                       int position = 0);

// The spec of a job as it was submitted, defaults filled in.
v1::JobSpec to_proto_spec(const core::State& state, const core::Job& job);

}  // namespace gusu::wire
