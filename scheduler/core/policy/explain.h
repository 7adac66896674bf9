// Why a job waits: complete, in a fixed order of gates, with the numbers.
#pragma once

#include <string>
#include <vector>

#include "scheduler/core/model/state.h"
#include "scheduler/core/policy/feasibility.h"

namespace gusu::core {

// In the order the gates are asked; the first closed one is the reason.
enum class WaitReason {
    HeldByUser,
    HeldByAdmin,
    TenantSuspended,
    NoSuchResource,
    NodeTooSmall,
    GangTooLarge,
    OverLimitAlways,
    BeginTime,
    Dependency,
    RetryBackoff,
    ArrayThrottle,
    JobCount,
    TenantLimit,
    GuaranteeFullNothingIdle,
    Behind,
    ModelBusy,
    Fragmented,
    CpuOrMemoryShort,
    NodesOut,
    NotYetExamined,
    // Asked after the limits: what others lend to jobs that cannot be stopped.
    LendingCap,
    // Asked last: others are being stopped for it.
    Reclaiming,
    // With capacity: what is free is reserved.
    Reserved,
    // No domain of the topology level has room for all of it.
    Topology,
    // It would break up a node that is guaranteed whole to others.
    WholeNodesKept,
    // There is room beside jobs of other tenants, with which it may share no node.
    KeptApart,
};

// One closed gate.
struct Constraint {
    WaitReason reason = WaitReason::NotYetExamined;
    std::string detail;  // with its numbers and holders
    std::string remedy;  // what would open it
};

struct Explanation {
    std::vector<Constraint> constraints;  // not empty while the job waits
    int position = 0;                     // jobs before it in its tenant
    // Smaller requests that would start now, each tried by the real placement.
    std::vector<std::string> would_start_now;
};

// The job must be waiting.
Constraint first_reason(const State& state, Feasibility& feasibility, const Job& job, Time now);
Explanation explain(const State& state, Feasibility& feasibility, const Job& job, Time now);

// Waiting jobs by their first reason, all of them, at the cost of one look per class.
std::map<WaitReason, std::int64_t> waiting_by_reason(const State& state, Feasibility& feasibility,
                                                     Time now);

}  // namespace gusu::core
