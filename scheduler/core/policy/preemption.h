// Whom to stop so that a waiting job can start: as one decision with where it will be.
//
// Two rights allow it, and nothing else does: a guarantee, against those who borrow; and a lower
// lane, against higher ones of the same tenant or of borrowers. Guarantees only ever gain by it,
// and attained service never falls, so no chain of stops can come back to where it began.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "scheduler/core/policy/placement.h"
#include "scheduler/core/policy/reachable.h"
#include "scheduler/core/policy/stage.h"

namespace gusu::core {

// How long the place is kept beyond the longest grace of those who hold it.
inline constexpr Duration kKeptBeyondGrace{60'000};

struct PreemptionPlan {
    std::vector<PlacedTask> tasks;
    std::vector<JobId> victims;  // each needed
    // Elastic jobs that go on with fewer tasks; none of them is among the victims.
    std::vector<Shrink> shrinks = {};
};

// Plans of one moment: when one has been carried out, others need a new planner.
class PreemptionPlanner {
public:
    PreemptionPlanner(const State& state, Time now);

    // The cheapest way found, in work lost. If elastic jobs can make room by giving up tasks beyond
    // their least, nobody is stopped, and who has to be stopped may be spared by that. An elastic
    // beneficiary has room made for its least. At most kMostVictimsLookedAt running jobs are looked
    // at, those whom the right reaches first. nullopt: no right, or no way.
    std::optional<PreemptionPlan> plan(const Job& beneficiary);
    // For a job of one task, on this node alone.
    std::optional<PreemptionPlan> plan_on(const Stage& stage, const Job& beneficiary);

    // What was done since it was asked last.
    std::size_t take_work() { return std::exchange(moment_->work, 0); }

private:
    std::unique_ptr<PlanMoment> moment_;
};

// What is free now and not kept for nominated jobs.
Plan offered(const State& state, Time now);
// The same if nothing were reserved.
Plan offered_to_all(const State& state);
// Takes out what is kept for nominated jobs.
void keep_nominated(Plan& plan);
// Whether those who held the place of a nominated job are gone, ...
bool is_ready(const State& state, const Nomination& nomination);
// ... and whether it is there: the nodes take work, and nothing else has come between.
bool is_free(const State& state, const Demand& demand, const Nomination& nomination, Time now);

}  // namespace gusu::core
