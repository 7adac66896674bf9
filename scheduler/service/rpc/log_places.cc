#include "scheduler/service/rpc/log_places.h"

#include "scheduler/wire/field.h"
#include "scheduler/wire/job_text.h"

namespace gusu::service {
namespace {

Status check_task(int task, int tasks) {
    const wire::Field field{nullptr, "task", -1};
    if (const auto problem = wire::check_count(field, task, 0, tasks - 1)) {
        return *problem;
    }
    return Done{};
}

}  // namespace

Result<LogPlaces> log_places(const core::State& state, const core::Job& job, int task) {
    if (const Status valid = check_task(task, job.demand().tasks()); !valid) {
        return valid.error();
    }
    LogPlaces places{.job = job.id,
                     .id = wire::job_id_text(state, job),
                     .newest = 0,
                     .over = job.is_finished(),
                     .nodes = {}};
    const auto note = [&](int attempt, const std::vector<core::PlacedTask>& tasks) {
        const core::Node* node = state.node(tasks.at(static_cast<std::size_t>(task)).node);
        if (node != nullptr) {
            places.nodes[attempt] = node->description.name;
        }
        places.newest = std::max(places.newest, attempt);
    };
    if (const auto* placed = std::get_if<core::Placed>(&job.state)) {
        note(job.attempt, placed->tasks);
    }
    // A job that was stopped while it waited has no placement of its last attempt.
    const auto* finished = std::get_if<core::Finished>(&job.state);
    const bool ended_placed =
        finished != nullptr && !job.past.empty() && job.past.back().ended == finished->at;
    int attempt = ended_placed ? job.attempt : job.attempt - 1;
    for (auto past = job.past.rbegin(); past != job.past.rend(); ++past, --attempt) {
        note(attempt, past->tasks);
    }
    return places;
}

Result<LogPlaces> log_places(JobId id, const v1::Job& past, int task) {
    LogPlaces places{.job = id, .id = past.id(), .newest = 0, .over = true, .nodes = {}};
    if (past.placements().empty()) {
        return places;
    }
    if (const Status valid = check_task(task, past.placements_size()); !valid) {
        return valid.error();
    }
    places.newest = past.attempt();
    places.nodes[past.attempt()] = past.placements(task).node();
    return places;
}

}  // namespace gusu::service
