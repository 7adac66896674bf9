#include "scheduler/core/scheduler.h"

#include <algorithm>
#include <queue>

#include "scheduler/core/decide/decide.h"
#include "scheduler/core/policy/order.h"
#include "scheduler/core/policy/placement.h"
#include "scheduler/core/policy/quota.h"
#include "scheduler/core/step.h"

namespace gusu::core {
namespace {

constexpr std::size_t kForgottenAtOnce = 1000;

// Untried classes of one tenant, the first to go first.
using TenantQueue = std::set<std::pair<ClassRank, DemandPointer>>;

// Why no job of this demand may start, whatever is free; none if they may.
std::optional<Parked> closed_for_all(const State& state, const Demand& demand) {
    if (const auto tenant = suspended_tenant(state, demand.tenant)) {
        return Parked{Gate::TenantSuspended, *tenant};
    }
    if (const auto tenant = tenant_with_all_jobs_running(state, demand.tenant)) {
        return Parked{Gate::JobCount, *tenant};
    }
    return std::nullopt;
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
    settle_attempts(now, events);
    end_doomed(now, events);
    start_jobs(now, events);
    forget_ended(now, events);
    return events;
}

void Scheduler::happen(Event event, Events& events) {
    state_.apply(event);
    events.push_back(std::move(event));
}

void Scheduler::lose_nodes(Time now, Events& events) {
    while (!state_.leases().empty() && state_.leases().begin()->first <= now) {
        for (Event& event : node_lost(state_, state_.leases().begin()->second, now)) {
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

// Each class that something changed for is tried until it is parked again. The tenant that comes
// first by right offers its first class; starting a job only ever moves a tenant back, so ranks
// kept in the heap are looked up again when they come to the top.
void Scheduler::start_jobs(Time now, Events& events) {
    std::map<TenantId, TenantQueue> queues;
    for (const DemandPointer& demand : state_.pending().untried()) {
        queues[demand->tenant].insert({rank_of(*demand, *state_.pending().of(*demand)), demand});
    }
    using Turn = std::pair<TenantRank, TenantId>;
    std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
    const auto rank = [&](TenantId tenant) {
        const auto& [first, demand] = *queues.at(tenant).begin();
        return rank_of(state_, *demand, first.first_job);
    };
    for (const auto& [tenant, queue] : queues) {
        turns.push({rank(tenant), tenant});
    }
    while (!turns.empty()) {
        const auto [ranked, tenant] = turns.top();
        turns.pop();
        TenantQueue& queue = queues.at(tenant);
        const TenantRank present = rank(tenant);
        if (present != ranked) {
            turns.push({present, tenant});
            continue;
        }
        const DemandPointer demand = queue.begin()->second;
        queue.erase(queue.begin());
        if (start_first(demand, now, events)) {
            queue.insert({rank_of(*demand, *state_.pending().of(*demand)), demand});
        }
        if (!queue.empty()) {
            turns.push({rank(tenant), tenant});
        }
    }
}

// Starts the first job of the class. False if there is nothing more to try: it is parked, or empty.
bool Scheduler::start_first(const DemandPointer& demand, Time now, Events& events) {
    if (const auto closed = closed_for_all(state_, *demand)) {
        state_.park(demand, *closed);
        return false;
    }
    Placement placement = place(*demand, Plan(state_));
    if (!placement.found()) {
        state_.park(demand, placement.closed);
        return false;
    }
    const JobId job = *state_.pending().of(*demand)->jobs.begin();
    happen({now, JobPlaced{.job = job,
                           .incarnation = IncarnationId{state_.next_id()},
                           .tasks = std::move(placement.tasks)}},
           events);
    return state_.pending().of(*demand) != nullptr;
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
    Time next = kNever;
    if (!state_.sleeping().empty()) {
        next = std::min(next, state_.sleeping().begin()->first);
    }
    if (!state_.leases().empty()) {
        next = std::min(next, state_.leases().begin()->first);
    }
    if (!state_.ended().empty()) {
        next = std::min(next, state_.ended().begin()->first + retention_.keep_for);
    }
    return next;
}

}  // namespace gusu::core
