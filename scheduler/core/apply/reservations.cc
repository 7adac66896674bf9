// Reservations and planned drains: which nodes are not there for all, and when.
#include <algorithm>

#include "scheduler/core/apply/apply.h"
#include "scheduler/core/policy/windows.h"

namespace gusu::core {
namespace {

// When something is to be done about the reservation.
Time next_change(const Reservation& reservation) {
    return reservation.is_open ? reservation.ends() : reservation.starts;
}

}  // namespace

Reservation& State::Apply::reservation(const std::string& name) {
    const auto found = state.reservations_.find(name);
    check(found != state.reservations_.end(), "an event names a reservation that is there");
    return found->second;
}

void State::Apply::put_window(NodeId node, Window window) {
    std::vector<Window>& windows = state.windows_[node];
    windows.push_back(std::move(window));
    std::ranges::sort(windows, [](const Window& a, const Window& b) {
        return std::tie(a.begins, a.reservation) < std::tie(b.begins, b.reservation);
    });
}

void State::Apply::drop_window(NodeId node, const std::string& reservation) {
    const auto found = state.windows_.find(node);
    if (found == state.windows_.end()) {
        return;
    }
    std::erase_if(found->second,
                  [&](const Window& window) { return window.reservation == reservation; });
    if (found->second.empty()) {
        state.windows_.erase(found);
    }
}

void State::Apply::note_windows(const Reservation& noted) {
    state.window_changes_.insert({next_change(noted), noted.name});
    for (const NodeId node : noted.nodes) {
        put_window(node, Window{.begins = noted.starts,
                                .ends = noted.ends(),
                                .tenant = noted.tenant,
                                .reservation = noted.name});
    }
}

void State::Apply::forget_windows(const Reservation& forgotten) {
    state.window_changes_.erase({next_change(forgotten), forgotten.name});
    for (const NodeId node : forgotten.nodes) {
        drop_window(node, forgotten.name);
    }
}

void State::Apply::offer(const Reservation& reservation) {
    std::set<std::string> accelerators;
    for (const NodeId id : reservation.nodes) {
        accelerators.merge(node(id).accelerators());
        hope_for_node(node(id), std::nullopt);
    }
    state.pending_.capacity_freed(accelerators, state.tree());
}

std::vector<JobId> State::Apply::unqueue_below(TenantId tenant) {
    std::vector<JobId> queued;
    if (!tenant) {
        return queued;
    }
    for (const auto& [demand, equals] : state.pending_.classes()) {
        if (is_entitled(state, demand->tenant, tenant)) {
            for (const JobTurn& turn : equals.jobs) {
                queued.push_back(turn.job);
            }
        }
    }
    for (const JobId id : queued) {
        out_of_queue(job(id));
    }
    return queued;
}

void State::Apply::requeue(const std::vector<JobId>& jobs) {
    for (const JobId id : jobs) {
        into_queue(job(id));
    }
}

// Jobs of who has reserved nodes have rooms of their own, so they wait apart from others.
void State::Apply::operator()(const ReservationCreated& event) {
    const std::vector<JobId> queued = unqueue_below(event.reservation.tenant);
    const auto created = state.reservations_.emplace(event.reservation.name, event.reservation);
    note_windows(created.first->second);
    requeue(queued);
}

void State::Apply::operator()(const ReservationDeleted& event) {
    const Reservation gone = reservation(event.name);
    const std::vector<JobId> queued = unqueue_below(gone.tenant);
    forget_windows(gone);
    state.reservations_.erase(event.name);
    requeue(queued);
    offer(gone);
}

void State::Apply::operator()(const WindowOpened& event) {
    Reservation& opened = reservation(event.reservation);
    state.window_changes_.erase({next_change(opened), opened.name});
    opened.is_open = true;
    state.window_changes_.insert({next_change(opened), opened.name});
}

void State::Apply::operator()(const WindowClosed& event) {
    if (!event.next) {
        (*this)(ReservationDeleted{event.reservation});
        return;
    }
    Reservation& closed = reservation(event.reservation);
    forget_windows(closed);
    closed.is_open = false;
    closed.starts = *event.next;
    note_windows(closed);
    offer(closed);
}

void State::Apply::plan_drain(Node& planned, const std::optional<PlannedDrain>& drain) {
    if (planned.drains) {
        state.drains_.erase({planned.drains->at, planned.id});
        drop_window(planned.id, "");
    }
    planned.drains = drain;
    if (drain) {
        state.drains_.insert({drain->at, planned.id});
        put_window(planned.id,
                   Window{.begins = drain->at, .ends = kNever, .tenant = {}, .reservation = {}});
    }
}

}  // namespace gusu::core
