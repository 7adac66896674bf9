#include "scheduler/service/agents/exec_target.h"

#include "scheduler/base/text.h"
#include "scheduler/wire/show.h"

namespace gusu::service {
namespace {

Error not_running(const core::State& state, const core::Job& job) {
    const std::string id = wire::job_id_text(state, job);
    const bool has_ended = job.is_finished();
    return {ErrorCode::FailedPrecondition,
            "job " + id + " is " + wire::short_name(wire::shown_state(state, job)) +
                (has_ended ? ", and nothing of it runs; `gusu logs " + id + "` shows what it said"
                           : ", and no task of it runs yet; `gusu explain " + id + "` says why")};
}

std::string name_of(const core::State& state, NodeId id) {
    const core::Node* node = state.node(id);
    return node == nullptr ? "" : node->description.name;
}

// Of the first task on that node.
Result<int> rank_on(const core::State& state, const core::Placed& placed, const std::string& node) {
    for (std::size_t i = 0; i < placed.tasks.size(); ++i) {
        if (name_of(state, placed.tasks[i].node) == node) {
            return static_cast<int>(i);
        }
    }
    return Error{ErrorCode::InvalidArgument, "node: the job has no task on " + quote(node) +
                                                 "; GUSU_NODELIST names the nodes it has"};
}

bool holds(const core::State& state, const core::Placed& placed, int task,
           const std::string& node) {
    return task >= 0 && static_cast<std::size_t>(task) < placed.tasks.size() &&
           name_of(state, placed.tasks[static_cast<std::size_t>(task)].node) == node;
}

bool is_to_begin(const core::Placed& placed, int task) {
    if (task < 0 || static_cast<std::size_t>(task) >= placed.tasks.size()) {
        return false;
    }
    const core::TaskState& state = placed.tasks[static_cast<std::size_t>(task)].state;
    return std::holds_alternative<core::TaskOrdered>(state) ||
           std::holds_alternative<core::TaskStarting>(state);
}

}  // namespace

Result<ExecTarget> exec_target(const core::State& state, const core::Job& job, int task) {
    const auto* placed = std::get_if<core::Placed>(&job.state);
    if (placed == nullptr) {
        return not_running(state, job);
    }
    const std::string id = wire::job_id_text(state, job);
    const auto tasks = static_cast<int>(placed->tasks.size());
    if (task < 0 || task >= tasks) {
        return Error{ErrorCode::InvalidArgument, "task: is " + std::to_string(task) + "; job " +
                                                     id + " has " + std::to_string(tasks) +
                                                     ", counted from 0"};
    }
    const std::string what = "task " + std::to_string(task) + " of job " + id;
    const core::PlacedTask& there = placed->tasks[static_cast<std::size_t>(task)];
    if (std::holds_alternative<core::TaskEnded>(there.state)) {
        return Error{ErrorCode::FailedPrecondition, what + " has ended"};
    }
    if (!std::holds_alternative<core::TaskRunning>(there.state)) {
        return Error{ErrorCode::FailedPrecondition,
                     what + " is being started; try again in a moment"};
    }
    ExecTarget target{.node = name_of(state, there.node),
                      .key = {},
                      .what = id + " task " + std::to_string(task)};
    target.key.set_incarnation(placed->incarnation.value);
    target.key.set_task(task);
    return target;
}

Result<ExecTarget> step_target(const core::State& state, const std::string& asking,
                               const v1::StepStart& start) {
    const core::Job* job = state.job_of(IncarnationId{start.from().incarnation()});
    const auto* placed = job == nullptr ? nullptr : std::get_if<core::Placed>(&job->state);
    if (placed == nullptr || !holds(state, *placed, start.from().task(), asking)) {
        return Error{ErrorCode::NotAllowed, "node " + quote(asking) + " does not hold task " +
                                                std::to_string(start.from().incarnation()) + "." +
                                                std::to_string(start.from().task())};
    }
    const Result<int> rank =
        start.has_node() ? rank_on(state, *placed, start.node()) : Result<int>(start.task());
    if (!rank) {
        return rank.error();
    }
    auto target = exec_target(state, *job, *rank);
    return !target && is_to_begin(*placed, *rank)
               ? Error{ErrorCode::Unavailable, target.error().message}
               : target;
}

}  // namespace gusu::service
