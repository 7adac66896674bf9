#include "scheduler/core/policy/explain.h"

#include <algorithm>

#include "scheduler/base/text.h"
#include "scheduler/core/policy/capacity.h"
#include "scheduler/core/policy/elastic.h"
#include "scheduler/core/policy/order.h"
#include "scheduler/core/policy/placement.h"
#include "scheduler/core/policy/preemption.h"
#include "scheduler/core/policy/reserved.h"

namespace gusu::core {
namespace {

WaitReason reason_of(Never why) {
    switch (why) {
        case Never::NoSuchResource:
            return WaitReason::NoSuchResource;
        case Never::NodeTooSmall:
            return WaitReason::NodeTooSmall;
        case Never::GangTooLarge:
            return WaitReason::GangTooLarge;
        case Never::OverLimitAlways:
            return WaitReason::OverLimitAlways;
    }
    return WaitReason::NoSuchResource;
}

Constraint limit_constraint(const State& state, const LimitClosed& closed, WaitReason reason) {
    const std::string& path = state.tenant(closed.tenant)->path;
    return {reason,
            "tenant \"" + path + "\" uses " + format_milli(closed.used.units()) + " of at most " +
                format_milli(closed.limit.units()) + " GPUs (" + closed.accelerator +
                "); this job asks for " + format_milli(closed.asked.units()),
            "wait until jobs of \"" + path + "\" end, or have its limit raised"};
}

std::optional<Constraint> hold_gate(const Waiting& waiting) {
    switch (waiting.hold) {
        case Hold::None:
            return std::nullopt;
        case Hold::ByUser:
            return Constraint{WaitReason::HeldByUser, "held by its owner", "gusu release JOB"};
        case Hold::ByAdmin:
            return Constraint{WaitReason::HeldByAdmin, "held by an administrator",
                              "an administrator must release it"};
    }
    return std::nullopt;
}

std::string open_dependencies(const State& state, const Job& job) {
    std::string list;
    for (const Dependency& dependency : job.spec->dependencies) {
        for (const JobId target : dependency.jobs) {
            const Array* array = state.array(target);
            const Job* other = state.job(target);
            const bool open = array != nullptr ? array->unfinished > 0
                                               : other != nullptr && !other->is_finished();
            if (open) {
                list += (list.empty() ? "" : ", ") + std::to_string(target.value);
            }
        }
    }
    return list;
}

// Gates of the job itself, apart from its demand.
void add_own_gates(const State& state, const Job& job, Time now, std::vector<Constraint>& closed) {
    const Waiting& waiting = std::get<Waiting>(job.state);
    const bool early = waiting.not_before > now;
    if (early && job.attempt == 1) {
        closed.push_back({WaitReason::BeginTime,
                          "is to begin at " + format_rfc3339(waiting.not_before),
                          "wait, or submit it without --begin"});
    }
    if (waiting.open_dependencies > 0) {
        closed.push_back({WaitReason::Dependency,
                          "waits for the end of " + std::to_string(waiting.open_dependencies) +
                              " jobs: " + open_dependencies(state, job),
                          "it is looked at again when they end"});
    }
    if (early && job.attempt > 1) {
        closed.push_back({WaitReason::RetryBackoff,
                          "attempt " + std::to_string(job.attempt) + " begins at " +
                              format_rfc3339(waiting.not_before) + ", after " +
                              std::to_string(job.retries_used) + " failures",
                          "wait; the back-off doubles with each failure"});
    }
    if (state.is_throttled(job)) {
        const Array& array = *state.array(job.array->array);
        closed.push_back(
            {WaitReason::ArrayThrottle,
             "its array lets " + std::to_string(array.max_running) + " elements run at once",
             "it is next when one of them ends"});
    }
}

void add_never(const State& state, Feasibility& feasibility, const Demand& demand,
               std::vector<Constraint>& closed) {
    if (const auto never = feasibility.impossible(state, demand)) {
        closed.push_back(
            {reason_of(never->why), never->message,
             "it could run when it was submitted; cancel it, or bring the nodes back"});
    }
    if (const auto limit =
            limit_closed_always(state, demand.tenant, certain_need(state, at_least(demand)))) {
        closed.push_back(limit_constraint(state, *limit, WaitReason::OverLimitAlways));
    }
}

void add_job_count(const State& state, const Demand& demand, std::vector<Constraint>& closed) {
    if (const auto full = tenant_with_all_jobs_running(state, demand.tenant)) {
        const Tenant& tenant = *state.tenant(*full);
        closed.push_back({WaitReason::JobCount,
                          "tenant \"" + tenant.path + "\" runs " +
                              std::to_string(tenant.running_jobs) + " jobs of at most " +
                              std::to_string(tenant.description.max_running_jobs),
                          "wait until one ends, or have the limit raised"});
    }
}

Constraint kept_constraint(const State& state, const WholeNodesKept& kept) {
    const std::string short_job = format_duration(state.policy().short_job);
    return {WaitReason::WholeNodesKept,
            "it fits, but can neither be stopped nor ends within " + short_job +
                ", and would be on a node that others are guaranteed whole: of the nodes with " +
                kept.accelerator + ", " + std::to_string(kept.could_be_given) +
                " could still be given whole, and " + std::to_string(kept.guaranteed) +
                " are guaranteed and not yet in use",
            "submit it with --preemptible, or with --time of at most " + short_job};
}

// When it is to start at the latest, as far as others end by their limits.
void add_held_place(const State& state, const Job& job, std::string& detail) {
    const auto found = state.held_places().find(job.id);
    if (found == state.held_places().end() || found->second.tasks.empty()) {
        return;
    }
    std::set<std::string> nodes;
    for (const PlacedTask& task : found->second.tasks) {
        nodes.insert(state.node(task.node)->description.name);
    }
    detail += "; a place on " + named(nodes) + " is kept for it, which should be free at " +
              format_rfc3339(found->second.from);
}

// Quota, turn and capacity, decided together by the real placement.
void add_placement(const State& state, const Job& job, Time now, std::vector<Constraint>& closed) {
    const DemandPointer asked = state.asks_now(job);
    const Demand demand = at_least(*asked);
    const Asker asker{state, job, now};
    // By all that it asks for, as the pass does: whose turn it is depends on how much that is.
    const Placement placement = place(demand, offered_to(asker, *asked));
    if (placement.closed.gate == Gate::TenantLimit && placement.limit) {
        closed.push_back(limit_constraint(state, *placement.limit, WaitReason::TenantLimit));
    }
    auto lending = lending_closed(state, demand, preferred_need(state, demand));
    if (!lending && placement.closed.gate == Gate::Lending) {
        lending = placement.lending;
    }
    if (lending) {
        closed.push_back({WaitReason::LendingCap,
                          "it would borrow " + format_milli(lending->asked.units()) + " " +
                              lending->accelerator +
                              " and can neither be stopped nor ends within " +
                              format_duration(state.policy().short_job) + "; to such jobs " +
                              format_milli(lending->left.units()) + " more are lent",
                          "submit it with --preemptible, or with --time of at most " +
                              format_duration(state.policy().short_job)});
    }
    const PendingClass* equals = state.pending().of(job.demand());
    const auto before =
        equals == nullptr
            ? 0
            : std::distance(equals->jobs.begin(), equals->jobs.lower_bound(turn_of(state, job)));
    if (before > 0) {
        closed.push_back({WaitReason::Behind,
                          std::to_string(before) + " jobs that ask for the same came first",
                          "see `gusu explain " + std::to_string(equals->jobs.begin()->job.value) +
                              "` for why the first of them waits"});
    }
    if (placement.kept) {
        closed.push_back(kept_constraint(state, *placement.kept));
    } else if (!placement.found() && placement.closed.gate == Gate::Capacity) {
        closed.push_back(capacity_constraint(asker));
        add_held_place(state, job, closed.back().detail);
    }
    if (!closed.empty() && closed.back().reason == WaitReason::Topology &&
        widens_at(job) != kNever && widens_at(job) > now) {
        closed.back().remedy =
            "at " + format_rfc3339(widens_at(job)) + " it takes any nodes; or wait for jobs to end";
    }
}

std::string asked(std::size_t jobs, const std::string& what) {
    return std::to_string(jobs) + (jobs == 1 ? " job was asked to " : " jobs were asked to ") +
           what;
}

// What makes its place.
std::string asked_for(const Nomination& nomination) {
    const std::string stops = asked(nomination.victims.size(), "stop");
    const std::string shrinks = asked(nomination.shrinks.size(), "do with fewer tasks");
    if (nomination.shrinks.empty()) {
        return stops;
    }
    return nomination.victims.empty() ? shrinks : stops + " and " + shrinks;
}

std::vector<Constraint> closed_gates(const State& state, Feasibility& feasibility, const Job& job,
                                     Time now) {
    std::vector<Constraint> closed;
    const Demand& demand = job.demand();
    if (auto held = hold_gate(std::get<Waiting>(job.state))) {
        closed.push_back(std::move(*held));
    }
    if (const auto tenant = suspended_tenant(state, demand.tenant)) {
        closed.push_back({WaitReason::TenantSuspended,
                          "tenant \"" + state.tenant(*tenant)->path + "\" is suspended",
                          "its administrator can set it active again"});
    }
    add_never(state, feasibility, demand, closed);
    add_own_gates(state, job, now, closed);
    add_job_count(state, demand, closed);
    if (const auto nominated = state.nominations().find(job.id);
        nominated != state.nominations().end()) {
        closed.push_back({WaitReason::Reclaiming,
                          "its place is being made: " + asked_for(nominated->second) +
                              ", at the latest by " + format_rfc3339(nominated->second.until),
                          "it starts as soon as they have saved their work"});
    } else {
        add_placement(state, job, now, closed);
    }
    if (closed.empty()) {
        closed.push_back({WaitReason::NotYetExamined, "it is about to start", ""});
    }
    return closed;
}

int position_in_tenant(const State& state, const Job& job) {
    std::int64_t before = 0;
    for (const auto& [demand, equals] : state.pending().classes()) {
        if (demand->tenant != job.demand().tenant) {
            continue;
        }
        if (demand->priority > job.demand().priority) {
            before += static_cast<std::int64_t>(equals.jobs.size());
        } else if (demand->priority == job.demand().priority) {
            before +=
                std::distance(equals.jobs.begin(), equals.jobs.lower_bound(turn_of(state, job)));
        }
    }
    return static_cast<int>(before);
}

}  // namespace

Constraint first_reason(const State& state, Feasibility& feasibility, const Job& job, Time now) {
    return closed_gates(state, feasibility, job, now).front();
}

Explanation explain(const State& state, Feasibility& feasibility, const Job& job, Time now) {
    Explanation explanation{.constraints = closed_gates(state, feasibility, job, now),
                            .position = position_in_tenant(state, job),
                            .would_start_now = {}};
    const bool by_capacity =
        std::ranges::any_of(explanation.constraints, [](const Constraint& each) {
            return each.reason >= WaitReason::TenantLimit &&
                   each.reason != WaitReason::NotYetExamined;
        });
    if (by_capacity) {
        explanation.would_start_now = smaller_that_start({state, job, now});
    }
    return explanation;
}

std::map<WaitReason, std::int64_t> waiting_by_reason(const State& state, Feasibility& feasibility,
                                                     Time now) {
    std::map<WaitReason, std::int64_t> counts;
    const auto count_one = [&](JobId id) {
        ++counts[first_reason(state, feasibility, *state.job(id), now).reason];
    };
    for (const auto& [demand, equals] : state.pending().classes()) {
        count_one(equals.jobs.begin()->job);
        const auto others = static_cast<std::int64_t>(equals.jobs.size()) - 1;
        if (others > 0) {
            // One look at the second tells for all behind it.
            const JobId second = std::next(equals.jobs.begin())->job;
            counts[first_reason(state, feasibility, *state.job(second), now).reason] += others;
        }
    }
    for (const JobId id : state.apart()) {
        const Waiting& waiting = std::get<Waiting>(state.job(id)->state);
        ++counts[waiting.hold == Hold::ByUser    ? WaitReason::HeldByUser
                 : waiting.hold == Hold::ByAdmin ? WaitReason::HeldByAdmin
                                                 : WaitReason::Dependency];
    }
    for (const auto& [at, id] : state.sleeping()) {
        ++counts[state.job(id)->attempt == 1 ? WaitReason::BeginTime : WaitReason::RetryBackoff];
    }
    for (const auto& [id, nomination] : state.nominations()) {
        count_one(id);
    }
    counts[WaitReason::ArrayThrottle] += static_cast<std::int64_t>(state.throttled_jobs());
    return counts;
}

}  // namespace gusu::core
