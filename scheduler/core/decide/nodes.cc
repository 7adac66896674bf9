#include <algorithm>

#include "scheduler/core/decide/decide.h"
#include "scheduler/core/policy/access.h"

namespace gusu::core {
namespace {

// A job that says more often that it saved is not written down each time, nor are the other tasks
// of a gang that say the same.
constexpr Duration kCheckpointsApart{10'000};

Result<const Node*> operated_node(const Deciding& by, const Caller& caller,
                                  const std::string& name) {
    if (!may_operate_nodes(by.state, caller.user)) {
        return Error{ErrorCode::NotAllowed,
                     caller.user + " may not change nodes; that takes the role \"operator\""};
    }
    const Node* node = by.state.node(name);
    if (node == nullptr) {
        return Error{ErrorCode::NotFound,
                     "no node \"" + name + "\"; `gusu nodes` lists those there are"};
    }
    return node;
}

// One model of accelerator is real on a platform, or simulated, never both: quota and accounts of
// the two must not mix.
Status check_reality(const State& state, const NodeDescription& joining) {
    for (const DeviceDescription& device : joining.devices) {
        for (const auto& [id, node] : state.nodes()) {
            const bool conflict =
                node.description.name != joining.name &&
                std::ranges::any_of(node.description.devices, [&](const DeviceDescription& other) {
                    return other.accelerator == device.accelerator &&
                           other.reality != device.reality;
                });
            if (conflict) {
                const bool simulated = device.reality == Reality::Simulated;
                return Error{ErrorCode::FailedPrecondition,
                             "node \"" + joining.name + "\" offers " +
                                 (simulated ? "simulated " : "real ") + device.accelerator +
                                 ", and node \"" + node.description.name + "\" has " +
                                 (simulated ? "real" : "simulated") +
                                 " ones; give the simulated ones another name"};
            }
        }
    }
    return Done{};
}

// Ids rise for ever. What an agent holds and was never given out comes from a later state than this
// one, whose ids would be given out a second time.
Status check_age(const State& state, const JoinNode& command) {
    for (const TaskObservation& seen : command.tasks) {
        if (seen.incarnation.value >= state.next_id()) {
            return Error{ErrorCode::FailedPrecondition,
                         "node \"" + command.description.name + "\" holds task " +
                             std::to_string(seen.incarnation.value) + "." +
                             std::to_string(seen.task) + ", and this scheduler has given out no " +
                             "id above " + std::to_string(state.next_id() - 1) +
                             ": its store is older than the platform. Bring an older store back "
                             "by `gusu admin restore`, into an empty one"};
        }
    }
    return Done{};
}

TaskEnded ended(Time now, EndReason reason, std::string detail) {
    return TaskEnded{
        .at = now,
        .ending =
            Ending{.reason = reason, .exit_code = 0, .signal = 0, .detail = std::move(detail)}};
}

const PlacedTask& task_at(const State& state, const TaskRef& held) {
    return std::get<Placed>(state.job(held.job)->state).tasks[static_cast<std::size_t>(held.task)];
}

Event task_ended(const State& state, const TaskRef& held, Time now, const TaskEnded& how) {
    const auto& placed = std::get<Placed>(state.job(held.job)->state);
    return {
        now,
        TaskChanged{
            .job = held.job, .incarnation = placed.incarnation, .task = held.task, .state = how}};
}

TaskState at(const TaskState& state, Time now) {
    if (std::holds_alternative<TaskRunning>(state)) {
        return TaskRunning{now};
    }
    if (const auto* end = std::get_if<TaskEnded>(&state)) {
        return TaskEnded{now, end->ending};
    }
    return state;
}

// What the agent saw, as far as it is news: tasks only go forward, and only those placed here
// count.
void add_observed(const Deciding& by, const Node& node,
                  const std::vector<TaskObservation>& observed, Events& events) {
    std::map<TaskRef, std::size_t> reached;
    bool takes_work = !node.drained;  // an operator's own reason stays
    const auto drain_for = [&](const TaskObservation& seen) {
        if (takes_work && !seen.drain.empty()) {
            events.push_back({by.now, NodeDrained{node.id, seen.drain}});
            takes_work = false;
        }
    };
    for (const TaskObservation& seen : observed) {
        const Job* job = by.state.job_of(seen.incarnation);
        if (job == nullptr) {
            drain_for(seen);
            continue;
        }
        const auto& tasks = std::get<Placed>(job->state).tasks;
        const auto rank = static_cast<std::size_t>(seen.task);
        if (seen.task < 0 || rank >= tasks.size() || tasks[rank].node != node.id) {
            continue;
        }
        const TaskRef reference{job->id, seen.task};
        const auto before = reached.try_emplace(reference, tasks[rank].state.index()).first;
        const bool is_news = seen.state.index() > before->second;
        // First, so that the job does not come back to this node. What has ended is told again and
        // again, also after the node was resumed; what goes on holds its devices still.
        if (is_news || !std::holds_alternative<TaskEnded>(seen.state)) {
            drain_for(seen);
        }
        if (!is_news) {
            continue;
        }
        before->second = seen.state.index();
        events.push_back({by.now, TaskChanged{.job = job->id,
                                              .incarnation = seen.incarnation,
                                              .task = seen.task,
                                              .state = at(seen.state, by.now)}});
    }
}

// Tasks the agent has lost sight of, by a restart of its machine or otherwise.
void add_vanished(const Deciding& by, const Node& node, const JoinNode& command, Events& events) {
    std::set<std::pair<IncarnationId, int>> known;
    for (const TaskObservation& seen : command.tasks) {
        known.insert({seen.incarnation, seen.task});
    }
    const bool rebooted = node.boot_id != command.boot_id;
    for (const TaskRef& held : node.tasks) {
        const PlacedTask& task = task_at(by.state, held);
        const IncarnationId incarnation =
            std::get<Placed>(by.state.job(held.job)->state).incarnation;
        const bool was_started = std::holds_alternative<TaskStarting>(task.state) ||
                                 std::holds_alternative<TaskRunning>(task.state);
        const bool may_be_unstarted = std::holds_alternative<TaskOrdered>(task.state);
        const bool is_known = known.contains({incarnation, held.task});
        if (was_started && !is_known) {
            const std::string why =
                rebooted ? "node " + node.description.name + " was restarted"
                         : "node " + node.description.name + " no longer knows the task";
            events.push_back(
                task_ended(by.state, held, by.now, ended(by.now, EndReason::NodeLost, why)));
        } else if (may_be_unstarted && !is_known && rebooted) {
            // It may have been started just before, and nobody can tell any more.
            events.push_back(task_ended(by.state, held, by.now,
                                        ended(by.now, EndReason::NodeLost,
                                              "node " + node.description.name + " was restarted")));
        }
    }
}

}  // namespace

Result<Events> decide(const Deciding& by, const DrainNode& command) {
    const auto node = operated_node(by, command.caller, command.node);
    if (!node) {
        return node.error();
    }
    const bool later = command.at && *command.at > by.now;
    if (later && node.value()->drained) {
        return Error{ErrorCode::FailedPrecondition,
                     "node \"" + command.node + "\" is drained already"};
    }
    return later
               ? Events{{by.now, NodeDrainPlanned{node.value()->id, {*command.at, command.reason}}}}
               : Events{{by.now, NodeDrained{node.value()->id, command.reason}}};
}

Result<Events> decide(const Deciding& by, const ResumeNode& command) {
    const auto node = operated_node(by, command.caller, command.node);
    if (!node) {
        return node.error();
    }
    if (!node.value()->drained && !node.value()->drains) {
        return Error{ErrorCode::FailedPrecondition, "node \"" + command.node + "\" is not drained"};
    }
    return Events{{by.now, NodeResumed{node.value()->id}}};
}

Result<Events> decide(const Deciding& by, const LabelNode& command) {
    const auto node = operated_node(by, command.caller, command.node);
    if (!node) {
        return node.error();
    }
    Labels labels = node.value()->labels_set;
    for (const auto& [name, value] : command.labels) {
        labels[name] = value;
    }
    return Events{{by.now, NodeLabelled{node.value()->id, std::move(labels)}}};
}

Result<Events> decide(const Deciding& by, const JoinNode& command) {
    if (const Status real = check_reality(by.state, command.description); !real) {
        return real.error();
    }
    if (const Status not_older = check_age(by.state, command); !not_older) {
        return not_older.error();
    }
    const Node* before = by.state.node(command.description.name);
    Events events{
        {by.now, NodeJoined{.node = before == nullptr ? NodeId{by.state.next_id()} : before->id,
                            .description = command.description,
                            .boot_id = command.boot_id,
                            .session = command.session}}};
    if (before != nullptr) {
        add_observed(by, *before, command.tasks, events);
        add_vanished(by, *before, command, events);
    }
    return events;
}

Result<Events> decide(const Deciding& by, const DescribeNode& command) {
    if (const Status real = check_reality(by.state, command.description); !real) {
        return real.error();
    }
    const Node* node = by.state.node(command.description.name);
    const auto* contact = node == nullptr ? nullptr : std::get_if<InContact>(&node->contact);
    if (contact == nullptr || contact->session != command.session ||
        node->description == command.description) {
        return Events{};
    }
    return Events{{by.now, NodeJoined{.node = node->id,
                                      .description = command.description,
                                      .boot_id = node->boot_id,
                                      .session = command.session}}};
}

Result<Events> decide(const Deciding& by, const LoseContact& command) {
    const Node* node = by.state.node(command.node);
    const auto* contact = node == nullptr ? nullptr : std::get_if<InContact>(&node->contact);
    if (contact == nullptr || contact->session != command.session) {
        return Events{};
    }
    return Events{{by.now, NodeContactLost{node->id, by.now + command.lease}}};
}

Result<Events> decide(const Deciding& by, const ObserveTasks& command) {
    const Node* node = by.state.node(command.node);
    const auto* contact = node == nullptr ? nullptr : std::get_if<InContact>(&node->contact);
    Events events;
    if (contact != nullptr && contact->session == command.session) {
        add_observed(by, *node, command.tasks, events);
    }
    return events;
}

Result<Events> decide(const Deciding& by, const ReportCheckpoint& command) {
    const Node* node = by.state.node(command.node);
    const auto* contact = node == nullptr ? nullptr : std::get_if<InContact>(&node->contact);
    const Job* job = by.state.job_of(command.incarnation);
    if (contact == nullptr || contact->session != command.session || job == nullptr) {
        return Events{};
    }
    const auto& placed = std::get<Placed>(job->state);
    const auto rank = static_cast<std::size_t>(command.task);
    // What a task has saved that the job does without, is not the work of the others.
    const bool speaks_for_all = command.task >= 0 && rank < placed.tasks.size() &&
                                placed.tasks[rank].node == node->id && !placed.tasks[rank].leaving;
    const Time saved = std::max(placed.since, by.now - std::max(command.ago, Duration(0)));
    const bool ends_grace =
        placed.stopping && !placed.stopping->saved && saved >= placed.stopping->since;
    const bool is_known = placed.checkpointed && saved < *placed.checkpointed + kCheckpointsApart;
    if (!speaks_for_all || (is_known && !ends_grace)) {
        return Events{};
    }
    return Events{{by.now, JobCheckpointed{job->id, placed.incarnation, saved}}};
}

Events node_lost(const State& state, NodeId node, Time now) {
    Events events{{now, NodeLost{node}}};
    const std::string& name = state.node(node)->description.name;
    for (const TaskRef& held : state.node(node)->tasks) {
        if (!std::holds_alternative<TaskEnded>(task_at(state, held).state)) {
            events.push_back(task_ended(
                state, held, now, ended(now, EndReason::NodeLost, "node " + name + " is lost")));
        }
    }
    return events;
}

}  // namespace gusu::core
