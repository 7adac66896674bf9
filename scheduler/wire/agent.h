// The link to the agents: what they say as commands, and what they are told.
#pragma once

#include <optional>

#include "gusu/v1/agent_service.pb.h"
#include "scheduler/base/result.h"
#include "scheduler/core/command.h"
#include "scheduler/core/model/state.h"

namespace gusu::wire {

// A machine with absurd or contradictory devices is refused: its agent says so in its log.
Result<core::JoinNode> to_join(const v1::Hello& hello);

// Without session.
Result<core::DescribeNode> to_describe(const std::string& node, const v1::NodeInventory& inventory);

Result<core::TaskObservation> to_observation(const v1::TaskObservation& message,
                                             const std::string& field);

// That the task has said its work is saved; nullopt if it has not. Without node and session.
std::optional<core::ReportCheckpoint> to_checkpoint(const v1::TaskObservation& message);

// All that is needed to start this task of a placed job. Tasks on one node are numbered by rank.
v1::Launch to_launch(const core::State& state, const core::Job& job, int task);

// How to end the tasks of a placed job that is stopping, or those it is to do without.
v1::StopOrder to_stop_order(const core::State& state, const core::Job& job);

// Where rank 0 listens for the others: 20000 to 39999. Two jobs on one node get the same port only
// if a multiple of 20,000 placements lies between them.
int master_port(IncarnationId incarnation);

}  // namespace gusu::wire
