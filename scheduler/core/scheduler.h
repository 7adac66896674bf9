// The scheduler without the world. Commands go in with the time, events come out; the caller
// journals them and only then lets anybody know.
#pragma once

#include "scheduler/base/result.h"
#include "scheduler/core/command.h"
#include "scheduler/core/event.h"
#include "scheduler/core/model/state.h"
#include "scheduler/core/policy/explain.h"
#include "scheduler/core/policy/feasibility.h"
#include "scheduler/core/policy/preemption.h"

namespace gusu::core {

// How long ended jobs are kept in memory, and how many.
struct Retention {
    Duration keep_for{3'600'000};
    std::size_t keep_at_most = 10'000;
};

struct PreemptionPlan;

class Scheduler {
public:
    explicit Scheduler(Retention retention = {}) : retention_(retention) {}

    const State& state() const { return state_; }

    // Decides one command and, unless it is refused, applies its events.
    // Times never go back from one call to the next.
    Result<Events> execute(const Command& command, Time now);

    // Timers that are due and everything that can start now. Applied. Call it after a batch of
    // commands, and when next_timer() comes.
    Events step(Time now);

    // A step that looks at all that waits, whether or not something changed for it. It should start
    // nothing that the steps before it have missed: a caller may watch that.
    Events full_pass(Time now);

    // When step() has something to do without a command; kNever if not before one comes.
    Time next_timer() const;

    // Why a waiting job waits, and what would help; see policy/explain.h.
    Constraint first_reason(const Job& job, Time now) {
        return core::first_reason(state_, feasibility_, job, now);
    }
    Explanation explain(const Job& job, Time now) {
        return core::explain(state_, feasibility_, job, now);
    }

    // Replays the journal.
    void apply(const Event& event) { state_.apply(event); }

private:
    void happen(Event event, Events& events);
    void lose_nodes(Time now, Events& events);
    void turn_windows(Time now, Events& events);
    void settle_attempts(Time now, Events& events);
    void drain_black_holes(Time now, Events& events);
    void end_doomed(Time now, Events& events);
    void end_late(Time now, Events& events);
    void claim_places(Time now, Events& events);
    void start_jobs(Time now, Events& events);
    void close(const Job& blocked);
    void hold_place(const Job& blocked, Time now);
    void try_all_open(Time now, Events& events);
    bool drop_lost_places(Time now);
    void place_nominated(Time now, Events& events);
    void stop_for_others(Time now, Events& events);
    // Plans of one step that stop jobs, and the work spent on them.
    struct Planning {
        Time now;
        Events& events;
        std::optional<PreemptionPlanner> planner;  // until something happens
        std::size_t work = 0;
    };
    PreemptionPlanner& planner(Planning& planning);
    void stop_on(const Node& node, Planning& planning);
    bool may_stop(const Turns::Head& head);
    const Job& job_of(const Turns::Head& head) const { return *state_.job(head.turn.first.job); }
    // Ends with what was planned so far: from here on it would be out of date.
    void carry_out(JobId job, PreemptionPlan plan, Planning& planning);
    void nominate(JobId job, PreemptionPlan plan, Time now, Events& events);
    void forget_ended(Time now, Events& events);

    State state_;
    Retention retention_;
    Feasibility feasibility_;
};

}  // namespace gusu::core
