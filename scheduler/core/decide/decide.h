// One function a command: the events it leads to, or why it is refused. Nothing is changed here.
#pragma once

#include "scheduler/base/result.h"
#include "scheduler/core/command.h"
#include "scheduler/core/model/state.h"
#include "scheduler/core/policy/feasibility.h"

namespace gusu::core {

struct Deciding {
    const State& state;
    Feasibility& feasibility;
    Time now;
};

// submit.cc
Result<Events> decide(const Deciding& by, const SubmitJobs& command);

// jobs.cc
Result<Events> decide(const Deciding& by, const CancelJobs& command);
Result<Events> decide(const Deciding& by, const HoldJobs& command);
Result<Events> decide(const Deciding& by, const ReleaseJobs& command);
// The jobs a reference names: itself, all elements of an array, or one of them. NotFound also if
// the user may not see them.
Result<std::vector<const Job*>> resolve(const State& state, const std::string& user,
                                        const JobRef& reference);

// tenants.cc
Result<Events> decide(const Deciding& by, const CreateTenant& command);
Result<Events> decide(const Deciding& by, const UpdateTenant& command);
Result<Events> decide(const Deciding& by, const DeleteTenant& command);
Result<Events> decide(const Deciding& by, const SetQuota& command);
// NotFound also if the user may not see it; `field` begins the message.
Result<const Tenant*> visible_tenant(const State& state, const std::string& user,
                                     const std::string& path, const std::string& field);

// nodes.cc
Result<Events> decide(const Deciding& by, const DrainNode& command);
Result<Events> decide(const Deciding& by, const ResumeNode& command);
Result<Events> decide(const Deciding& by, const LabelNode& command);
Result<Events> decide(const Deciding& by, const JoinNode& command);
Result<Events> decide(const Deciding& by, const DescribeNode& command);
Result<Events> decide(const Deciding& by, const LoseContact& command);
Result<Events> decide(const Deciding& by, const ObserveTasks& command);
Result<Events> decide(const Deciding& by, const ReportCheckpoint& command);
// Ends every task on a node whose lease is over.
Events node_lost(const State& state, NodeId node, Time now);

// reservations.cc
Result<Events> decide(const Deciding& by, const CreateReservation& command);
Result<Events> decide(const Deciding& by, const DeleteReservation& command);
// What is to happen now of reservations and planned drains: the first of it that is due, with the
// jobs that are stopped by it. None: nothing is due.
Events window_change(const State& state, Time now);

// directory.cc
Result<Events> decide(const Deciding& by, const GrantRole& command);
Result<Events> decide(const Deciding& by, const RevokeRole& command);
Result<Events> decide(const Deciding& by, const IssueToken& command);
Result<Events> decide(const Deciding& by, const RevokeToken& command);
Result<Events> decide(const Deciding& by, const UseNodeToken& command);
Result<Events> decide(const Deciding& by, const FoundPlatform& command);
Result<Events> decide(const Deciding& by, const SetCatalogue& command);
Result<Events> decide(const Deciding& by, const SetPolicy& command);
Result<Events> decide(const Deciding& by, const TakeLeadership& command);

}  // namespace gusu::core
