#include "scheduler/core/scheduler.h"

#include <algorithm>

#include "scheduler/core/decide/decide.h"
#include "scheduler/core/policy/black_holes.h"
#include "scheduler/core/policy/elastic.h"
#include "scheduler/core/policy/held_places.h"
#include "scheduler/core/policy/lost_nodes.h"
#include "scheduler/core/policy/order.h"
#include "scheduler/core/policy/placement.h"
#include "scheduler/core/policy/preemption.h"
#include "scheduler/core/policy/quota.h"
#include "scheduler/core/step.h"

namespace gusu::core {
namespace {

constexpr std::size_t kForgottenAtOnce = 1000;

// Work a step may spend on plans that stop jobs.
constexpr std::size_t kTenantsAShape = 16;
constexpr std::size_t kWorkAStep = 2000;  // in jobs and tenants looked at; a plan is finished

Ending preempted_for(JobId job) {
    return {.reason = EndReason::Preempted,
            .exit_code = 0,
            .signal = 0,
            .detail = "stopped for job " + std::to_string(job.value)};
}

// Why no job of this demand may start, whatever is free; none if they may.
std::optional<Parked> closed_whatever_is_free(const State& state, const Demand& demand) {
    if (const auto tenant = suspended_tenant(state, demand.tenant)) {
        return Parked{Gate::TenantSuspended, *tenant, false};
    }
    if (const auto tenant = tenant_with_all_jobs_running(state, demand.tenant)) {
        return Parked{Gate::JobCount, *tenant, false};
    }
    const bool is_elastic = demand.is_elastic();
    const GpuNeed need = preferred_need(state, is_elastic ? at_least(demand) : demand);
    if (lending_closed(state, demand, need)) {
        return Parked{Gate::Lending, TenantId{}, true};
    }
    return std::nullopt;
}

bool is_within(Slices slices, Slices others) { return (slices & ~others) == 0; }

bool has_more(const Room& room, const Room& before) {
    return room.milli_cpus > before.milli_cpus || room.memory > before.memory ||
           !std::ranges::equal(room.device_milli, before.device_milli, std::less_equal()) ||
           !std::ranges::equal(room.slices, before.slices, is_within);
}

}  // namespace

Result<Events> Scheduler::execute(const Command& command, Time now) {
    const Deciding by{state_, feasibility_, now};
    auto events = std::visit([&](const auto& each) { return decide(by, each); }, command);
    if (events) {
        for (const Event& event : events.value()) {
            state_.apply(event);
        }
    }
    return events;
}

Events Scheduler::step(Time now) {
    Events events;
    state_.wake(now);
    lose_nodes(now, events);
    turn_windows(now, events);
    settle_attempts(now, events);
    drain_black_holes(now, events);
    end_doomed(now, events);
    end_late(now, events);
    place_nominated(now, events);
    claim_places(now, events);
    start_jobs(now, events);
    claim_places(now, events);  // those kept just now
    stop_for_others(now, events);
    start_jobs(now, events);  // where a place was kept for who now gets another
    forget_ended(now, events);
    return events;
}

Events Scheduler::full_pass(Time now) {
    state_.reopen();
    return step(now);
}

void Scheduler::happen(Event event, Events& events) {
    state_.apply(event);
    events.push_back(std::move(event));
}

void Scheduler::lose_nodes(Time now, Events& events) {
    while (!state_.leases().empty() && state_.leases().begin()->first <= now) {
        const NodeId node = state_.leases().begin()->second;
        Events next =
            must_await(state_, node) ? nodes_awaited(state_, now) : node_lost(state_, node, now);
        for (Event& event : next) {
            happen(std::move(event), events);
        }
    }
}

// Reservations begin and end, and planned drains begin.
void Scheduler::turn_windows(Time now, Events& events) {
    for (Events due = window_change(state_, now); !due.empty(); due = window_change(state_, now)) {
        for (Event& event : due) {
            happen(std::move(event), events);
        }
    }
}

void Scheduler::settle_attempts(Time now, Events& events) {
    while (!state_.unsettled().empty()) {
        const JobId id = *state_.unsettled().begin();
        auto next = consequence(*state_.job(id), now);
        state_.settled(id);
        if (next) {
            happen(std::move(*next), events);
        }
    }
}

// Before anything is started there.
void Scheduler::drain_black_holes(Time now, Events& events) {
    if (state_.next_judgement() > now) {
        return;
    }
    for (Event& event : black_holes(state_, now)) {
        happen(std::move(event), events);
    }
    state_.suspects_are_judged(now);
}

void Scheduler::end_doomed(Time now, Events& events) {
    while (!state_.doomed().empty()) {
        Ending ending{.reason = EndReason::DependencyFailed,
                      .exit_code = 0,
                      .signal = 0,
                      .detail = "a job it depends on ended otherwise than asked"};
        happen({now, JobEnded{.job = *state_.doomed().begin(),
                              .incarnation = {},
                              .ending = std::move(ending),
                              .usage = {}}},
               events);
    }
}

// Who can no longer end before its deadline.
void Scheduler::end_late(Time now, Events& events) {
    while (!state_.deadlines().empty() && state_.deadlines().begin()->first <= now) {
        const Job& late = *state_.job(state_.deadlines().begin()->second);
        Ending ending{.reason = EndReason::Deadline,
                      .exit_code = 0,
                      .signal = 0,
                      .detail = late.is_waiting() ? "it could no longer end before its deadline"
                                                  : "it had not ended when its deadline came"};
        if (late.is_waiting()) {
            happen(
                {now,
                 JobEnded{
                     .job = late.id, .incarnation = {}, .ending = std::move(ending), .usage = {}}},
                events);
        } else {
            happen({now, JobStopRequested{late.id, std::move(ending)}}, events);
        }
    }
}

void Scheduler::place_nominated(Time now, Events& events) {
    std::vector<JobId> nominated;
    for (const auto& [id, nomination] : state_.nominations()) {
        nominated.push_back(id);
    }
    for (const JobId id : nominated) {
        const Nomination& nomination = state_.nominations().at(id);
        const bool is_late = nomination.until <= now;
        if (!is_late && !is_ready(state_, nomination)) {
            continue;
        }
        if (!is_late && is_free(state_, state_.job(id)->demand(), nomination, now)) {
            happen({now, JobPlaced{.job = id,
                                   .incarnation = IncarnationId{state_.next_id()},
                                   .tasks = nomination.tasks}},
                   events);
        } else {
            happen({now, NominationEnded{id}}, events);
        }
    }
}

// Places of which only those are in the way who filled them meanwhile: they make room.
void Scheduler::claim_places(Time now, Events& events) {
    const std::map<JobId, HeldPlace> places = state_.held_places();
    for (const auto& [id, place] : places) {
        const Job& job = *state_.job(id);
        const auto victims = place.tasks.empty() ? std::nullopt : fillers(state_, place);
        const bool may_start = !closed_whatever_is_free(state_, job.demand()) &&
                               !limit_closed(state_, job.demand().tenant, gpus_held(place.tasks));
        if (may_start && victims && !victims->empty() &&
            may_be_cleared(state_, place, *victims, now)) {
            nominate(id, {place.tasks, *victims}, now, events);
        } else if (place.from <= now && (place.is_late || place.tasks.empty())) {
            state_.let_go(id);
        } else if (place.from <= now) {
            state_.hold({id, place.looked, now + kWaitsForPlace, place.tasks, true});
        }
    }
}

// Places that will not come in time, since others went before or nodes are gone, are looked for
// anew. Those chosen just now have been looked at.
bool Scheduler::drop_lost_places(Time now) {
    std::vector<JobId> lost;
    for (const auto& [id, place] : state_.held_places()) {
        if (place.looked != now && !place.tasks.empty() && !still_comes(state_, place, now)) {
            lost.push_back(id);
        }
    }
    for (const JobId id : lost) {
        state_.let_go(id);
    }
    return !lost.empty();
}

void Scheduler::start_jobs(Time now, Events& events) {
    do {
        try_all_open(now, events);
    } while (drop_lost_places(now));
}

// The first in turn of all whose shape may find room is tried until no shape finds any.
void Scheduler::try_all_open(Time now, Events& events) {
    while (const auto head = state_.pending().next()) {
        const DemandPointer& demand = head->demand;
        if (const auto closed = closed_whatever_is_free(state_, *demand)) {
            state_.park(demand, *closed);
            continue;
        }
        const Job& first = *state_.job(head->turn.first.job);
        Placement placement = place_most(*demand, offered_to({state_, first, now}, *demand));
        if (placement.found()) {
            happen({now, JobPlaced{.job = head->turn.first.job,
                                   .incarnation = IncarnationId{state_.next_id()},
                                   .tasks = std::move(placement.tasks)}},
                   events);
        } else if (placement.closed.gate != Gate::Capacity) {
            state_.park(demand, placement.closed);
        } else {
            close(first);
            hold_place(first, now);
        }
    }
}

// Where only what is reserved, or kept for others, is in the way, a shorter job may find room.
void Scheduler::close(const Job& blocked) {
    const DemandPointer demand = state_.asks_now(blocked);
    const bool kept = !state_.windows().empty() || !state_.held_places().empty();
    if (kept && place(at_least(*demand), offered_to_all(state_)).found()) {
        state_.close_longer(demand, state_.held_places().empty() ? PendingJobs::Newcomers::Closed
                                                                 : PendingJobs::Newcomers::Open);
    } else {
        state_.close(demand);
    }
}

// Small jobs are not to pass for ever by a large one.
void Scheduler::hold_place(const Job& blocked, Time now) {
    if (!state_.ends().empty() && is_large(state_, blocked.demand()) &&
        may_hold_for(state_, blocked.demand())) {
        state_.hold(earliest_place({state_, blocked, now}));
    }
}

// For those that found no room: the first of each tenant may have a right to have some made. What
// was asked in vain is asked again when something changes that could help: on a node of which more
// can be had now those who would fit there, and in full those whose own right is new.
void Scheduler::stop_for_others(Time now, Events& events) {
    if (state_.stoppable().empty()) {
        state_.hope_ends();
        return;
    }
    Planning planning{.now = now, .events = events, .planner = {}};
    const auto& hopeful = state_.hopeful_nodes();
    for (auto next = hopeful.begin(); next != hopeful.end();) {
        if (planning.work > kWorkAStep) {
            return;
        }
        const Node& node = *state_.node(next->first);
        const std::optional<Room> before = next->second;
        state_.asked_about(node.id);
        if (node.takes_work() && node.room_is_exact && (!before || has_more(node.room, *before))) {
            stop_on(node, planning);
        }
        next = hopeful.upper_bound(node.id);
    }
    const std::vector<Turns::Head> heads = state_.pending().hopeful(kTenantsAShape);
    state_.hopes_are_asked();
    for (const Turns::Head& head : heads) {
        if (planning.work > kWorkAStep) {
            state_.hope_for(head.demand);
            continue;
        }
        auto plan = may_stop(head) ? planner(planning).plan(job_of(head)) : std::nullopt;
        if (plan) {
            carry_out(job_of(head).id, std::move(*plan), planning);
        } else {
            state_.asked_in_vain(head.demand);
        }
    }
}

void Scheduler::stop_on(const Node& node, Planning& planning) {
    const std::set<std::string> accelerators = node.accelerators();
    state_.hope_for_gangs(accelerators);  // what is free here may be a part of their place
    const Stage stage(state_, node);
    if (stage.stoppable.empty()) {
        return;
    }
    const auto suits = [&](const Demand& demand) { return stage.suits(state_, demand); };
    for (const Turns::Head& head :
         state_.pending().fit_on_a_node(accelerators, kTenantsAShape, suits)) {
        auto plan = planner(planning).plan_on(stage, job_of(head));
        if (plan && may_stop(head)) {
            if (auto elsewhere = planner(planning).plan(job_of(head))) {
                plan = std::move(elsewhere);  // the cheapest there is
            }
            carry_out(job_of(head).id, std::move(*plan), planning);
            state_.ask_about(node.id);  // there may be enough for others too
            return;
        }
    }
}

// Nobody is stopped for who may not start.
bool Scheduler::may_stop(const Turns::Head& head) {
    const auto closed = closed_whatever_is_free(state_, *head.demand);
    if (closed) {
        state_.park(head.demand, *closed);
    }
    return !closed;
}

PreemptionPlanner& Scheduler::planner(Planning& planning) {
    ++planning.work;
    if (planning.planner) {
        planning.work += planning.planner->take_work();
    } else {
        planning.planner.emplace(state_, planning.now);
    }
    return *planning.planner;
}

void Scheduler::carry_out(JobId job, PreemptionPlan plan, Planning& planning) {
    planning.work += planning.planner->take_work();
    planning.planner.reset();
    nominate(job, std::move(plan), planning.now, planning.events);
}

void Scheduler::nominate(JobId job, PreemptionPlan plan, Time now, Events& events) {
    Duration grace{0};
    const auto gives = [&](JobId id) { grace = std::max(grace, state_.job(id)->spec->stop_grace); };
    std::ranges::for_each(plan.victims, gives);
    std::ranges::for_each(plan.shrinks, gives, &Shrink::job);
    happen({now, JobNominated{.job = job,
                              .tasks = std::move(plan.tasks),
                              .victims = plan.victims,
                              .until = now + grace + kKeptBeyondGrace,
                              .shrinks = plan.shrinks}},
           events);
    const Ending because = preempted_for(job);
    for (const JobId victim : plan.victims) {
        happen({now, JobStopRequested{victim, because}}, events);
    }
    for (Shrink& shrink : plan.shrinks) {
        happen({now, JobShrunk{std::move(shrink), because.detail}}, events);
    }
}

void Scheduler::forget_ended(Time now, Events& events) {
    for (;;) {
        JobsForgotten forgotten;
        const std::size_t ended = state_.ended().size();
        for (const auto& [at, job] : state_.ended()) {
            const bool old = at + retention_.keep_for <= now;
            const bool too_many = ended - forgotten.jobs.size() > retention_.keep_at_most;
            if ((!old && !too_many) || forgotten.jobs.size() == kForgottenAtOnce) {
                break;
            }
            forgotten.jobs.push_back(job);
        }
        if (forgotten.jobs.empty()) {
            return;
        }
        happen({now, std::move(forgotten)}, events);
    }
}

Time Scheduler::next_timer() const {
    if (state_.has_hope()) {
        return state_.last_event();
    }
    Time next = kNever;
    if (!state_.sleeping().empty()) {
        next = std::min(next, state_.sleeping().begin()->first);
    }
    next = std::min(next, state_.next_judgement());
    if (!state_.leases().empty()) {
        next = std::min(next, state_.leases().begin()->first);
    }
    if (!state_.deadlines().empty()) {
        next = std::min(next, state_.deadlines().begin()->first);
    }
    if (!state_.window_changes().empty()) {
        next = std::min(next, state_.window_changes().begin()->first);
    }
    for (const auto& [id, place] : state_.held_places()) {
        next = place.tasks.empty() ? next : std::min(next, place.from);
    }
    if (!state_.drains().empty()) {
        next = std::min(next, state_.drains().begin()->first);
    }
    for (const auto& [id, nomination] : state_.nominations()) {
        next = std::min(next, nomination.until);
    }
    if (!state_.pending().classes().empty()) {
        next = std::min({next, state_.next_turn(), state_.next_aging(), state_.next_widening()});
    }
    if (!state_.ended().empty()) {
        next = std::min(next, state_.ended().begin()->first + retention_.keep_for);
    }
    return next;
}

}  // namespace gusu::core
