#include <algorithm>

#include "scheduler/base/text.h"
#include "scheduler/core/decide/decide.h"
#include "scheduler/core/policy/access.h"
#include "scheduler/core/policy/windows.h"

namespace gusu::core {
namespace {

constexpr std::size_t kMostReservations = 1000;
constexpr std::size_t kMostJobsNamed = 10;

Error not_allowed(const Caller& caller) {
    return {ErrorCode::NotAllowed,
            caller.user +
                " may not reserve nodes; that takes the role \"operator\" or \"system_admin\""};
}

Result<std::set<NodeId>> nodes_of(const State& state, const CreateReservation& command) {
    std::set<NodeId> nodes;
    for (const std::string& name : command.nodes) {
        const Node* node = state.node(name);
        if (node == nullptr) {
            return Error{ErrorCode::NotFound,
                         "nodes: no node \"" + name + "\"; `gusu nodes` lists those there are"};
        }
        nodes.insert(node->id);
    }
    for (const auto& [id, node] : state.nodes()) {
        const bool has_all = std::ranges::all_of(command.node_labels, [&](const auto& wanted) {
            const std::string* value = node.label(wanted.first);
            return value != nullptr && *value == wanted.second;
        });
        if (!command.node_labels.empty() && has_all) {
            nodes.insert(id);
        }
    }
    if (nodes.empty()) {
        return Error{ErrorCode::InvalidArgument,
                     command.node_labels.empty()
                         ? "nodes: names none; allowed: names of nodes, or labels they carry"
                         : "node_labels: no node carries these labels"};
    }
    return nodes;
}

Status check_times(const Reservation& reservation, Time now) {
    if (reservation.lasts <= Duration(0)) {
        return Error{ErrorCode::InvalidArgument, "duration: must be above 0"};
    }
    if (reservation.every != Duration(0) && reservation.every <= reservation.lasts) {
        return Error{ErrorCode::InvalidArgument,
                     "every: the window lasts " + format_duration(reservation.lasts) +
                         " and would begin again after " + format_duration(reservation.every) +
                         ", so nobody would ever have the nodes back"};
    }
    if (reservation.ends() <= now) {
        return Error{ErrorCode::InvalidArgument, "start: the window would have ended at " +
                                                     format_rfc3339(reservation.ends()) +
                                                     ", and that has passed"};
    }
    return Done{};
}

// Nobody could use what is reserved for two tenants at once. For maintenance any time will do.
Status check_others(const State& state, const Reservation& wanted) {
    for (const auto& [name, other] : state.reservations()) {
        const bool for_two =
            wanted.tenant && other.tenant && !is_entitled(state, wanted.tenant, other.tenant) &&
            !is_entitled(state, other.tenant, wanted.tenant) && overlap(wanted, other);
        const auto shared = std::ranges::find_if(
            wanted.nodes, [&](NodeId node) { return other.nodes.contains(node); });
        if (for_two && shared != wanted.nodes.end()) {
            return Error{ErrorCode::FailedPrecondition,
                         "node \"" + state.node(*shared)->description.name +
                             "\" is reserved for another tenant at that time, by \"" + name +
                             "\"; choose other nodes or times, or delete that first"};
        }
    }
    return Done{};
}

// Jobs on the nodes that may not be there in the window, each once.
std::set<JobId> strangers(const State& state, const std::set<NodeId>& nodes, TenantId owner) {
    std::set<JobId> jobs;
    for (const NodeId id : nodes) {
        for (const TaskRef& held : state.node(id)->tasks) {
            const Job& job = *state.job(held.job);
            if (!std::get<Placed>(job.state).stopping &&
                !is_entitled(state, job.demand().tenant, owner)) {
                jobs.insert(job.id);
            }
        }
    }
    return jobs;
}

bool may_be_stopped(const State& state, JobId id) {
    return state.job(id)->demand().preemption == Preemption::Allowed;
}

// What runs there, cannot be stopped, and would be there when the window begins.
Status check_running(const Deciding& by, const Reservation& reservation) {
    std::string named;
    std::size_t count = 0;
    for (const JobId id : strangers(by.state, reservation.nodes, reservation.tenant)) {
        const Time end = ends_by(*by.state.job(id), by.now);
        if (may_be_stopped(by.state, id) || end <= reservation.starts) {
            continue;
        }
        if (++count <= kMostJobsNamed) {
            named += (named.empty() ? "" : ", ") + std::to_string(id.value) +
                     (end == kNever ? " (no time limit)" : " (until " + format_rfc3339(end) + ")");
        }
    }
    if (count == 0) {
        return Done{};
    }
    const std::string more =
        count > kMostJobsNamed ? " and " + std::to_string(count - kMostJobsNamed) + " more" : "";
    return Error{ErrorCode::FailedPrecondition,
                 "these jobs cannot be stopped and may still run there when the window begins: " +
                     named + more + "; wait, cancel them, or let them run on with --force"};
}

Events stops(const State& state, const std::set<JobId>& jobs, Time now, const std::string& why) {
    Events events;
    for (const JobId id : jobs) {
        if (may_be_stopped(state, id)) {
            events.push_back({now, JobStopRequested{id, Ending{.reason = EndReason::Preempted,
                                                               .exit_code = 0,
                                                               .signal = 0,
                                                               .detail = why}}});
        }
    }
    return events;
}

}  // namespace

Result<Events> decide(const Deciding& by, const CreateReservation& command) {
    if (!may_reserve_nodes(by.state, command.caller.user)) {
        return not_allowed(command.caller);
    }
    const auto there = by.state.reservations().find(command.name);
    if (there != by.state.reservations().end()) {
        const bool again = there->second.created_by == command.caller.user &&
                           there->second.request_id == command.request_id;
        return again ? Result<Events>(Events{})
                     : Error{ErrorCode::AlreadyExists,
                             "reservation \"" + command.name +
                                 "\" is there already; choose another name, or delete it first"};
    }
    if (by.state.reservations().size() >= kMostReservations) {
        return Error{ErrorCode::FailedPrecondition,
                     "there are " + std::to_string(kMostReservations) +
                         " reservations, the most there may be; delete some first"};
    }
    auto nodes = nodes_of(by.state, command);
    if (!nodes) {
        return nodes.error();
    }
    Reservation reservation{.name = command.name,
                            .nodes = std::move(*nodes),
                            .starts = command.starts,
                            .lasts = command.lasts,
                            .every = command.every,
                            .tenant = {},
                            .reason = command.reason,
                            .created_by = command.caller.user,
                            .request_id = command.request_id};
    if (!command.tenant.empty()) {
        const auto owner = visible_tenant(by.state, command.caller.user, command.tenant, "tenant");
        if (!owner) {
            return owner.error();
        }
        reservation.tenant = owner.value()->id;
    }
    const Status running = command.running == CreateReservation::Running::Refuse
                               ? check_running(by, reservation)
                               : Status(Done{});
    for (const Status& valid :
         {check_times(reservation, by.now), check_others(by.state, reservation), running}) {
        if (!valid) {
            return valid.error();
        }
    }
    return Events{{by.now, ReservationCreated{std::move(reservation)}}};
}

Result<Events> decide(const Deciding& by, const DeleteReservation& command) {
    if (!may_reserve_nodes(by.state, command.caller.user)) {
        return not_allowed(command.caller);
    }
    if (!by.state.reservations().contains(command.name)) {
        return Error{ErrorCode::NotFound, "no reservation \"" + command.name +
                                              "\"; `gusu reservation list` shows those there are"};
    }
    return Events{{by.now, ReservationDeleted{command.name}}};
}

Events window_change(const State& state, Time now) {
    if (!state.window_changes().empty() && state.window_changes().begin()->first <= now) {
        const Reservation& reservation =
            state.reservations().at(state.window_changes().begin()->second);
        if (reservation.ends() <= now) {
            return {{now, WindowClosed{reservation.name, next_start(reservation, now)}}};
        }
        Events events{{now, WindowOpened{reservation.name}}};
        const Events stopped =
            stops(state, strangers(state, reservation.nodes, reservation.tenant), now,
                  "reservation \"" + reservation.name + "\" of its node begins");
        events.insert(events.end(), stopped.begin(), stopped.end());
        return events;
    }
    if (!state.drains().empty() && state.drains().begin()->first <= now) {
        const Node& node = *state.node(state.drains().begin()->second);
        Events events{{now, NodeDrained{node.id, node.drains->reason}}};
        const Events stopped = stops(state, strangers(state, {node.id}, {}), now,
                                     "node " + node.description.name + " is drained, as planned");
        events.insert(events.end(), stopped.begin(), stopped.end());
        return events;
    }
    return {};
}

}  // namespace gusu::core
