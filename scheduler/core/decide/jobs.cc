#include <algorithm>

#include "scheduler/core/decide/decide.h"
#include "scheduler/core/policy/access.h"
#include "scheduler/core/policy/retry.h"

namespace gusu::core {
namespace {

std::string text(const JobRef& reference) {
    return std::to_string(reference.job.value) +
           (reference.array_index ? "_" + std::to_string(*reference.array_index) : "");
}

Error not_found(const JobRef& reference) {
    return Error{ErrorCode::NotFound, "no job " + text(reference)};
}

JobId element(const Array& array, std::size_t position) {
    return JobId{array.id.value + 1 + position};
}

// All jobs the references name, each once, if the caller may control them.
Result<std::vector<const Job*>> controlled(const State& state, const Caller& caller,
                                           const std::vector<JobRef>& references) {
    std::set<JobId> seen;
    std::vector<const Job*> all;
    for (const JobRef& reference : references) {
        auto jobs = resolve(state, caller.user, reference);
        if (!jobs) {
            return jobs.error();
        }
        for (const Job* job : jobs.value()) {
            if (!may_control(state, caller.user, *job)) {
                return Error{ErrorCode::NotAllowed,
                             "job " + text(reference) + " belongs to " + job->spec->user +
                                 "; only " + job->spec->user +
                                 ", administrators of its tenant and operators may "
                                 "change it"};
            }
            if (seen.insert(job->id).second) {
                all.push_back(job);
            }
        }
    }
    return all;
}

// It runs, or will run again after what it is being stopped for.
bool goes_on(const Job& job, const Placed& placed, Time now) {
    return !placed.stopping || next_attempt(job, placed.stopping->because, now).has_value();
}

}  // namespace

Result<std::vector<const Job*>> resolve(const State& state, const std::string& user,
                                        const JobRef& reference) {
    std::vector<const Job*> jobs;
    const Array* array = state.array(reference.job);
    if (array == nullptr) {
        const Job* job = state.job(reference.job);
        if (job != nullptr && !reference.array_index) {
            jobs.push_back(job);
        }
    } else {
        for (std::size_t i = 0; i < array->indices.size(); ++i) {
            const bool named =
                !reference.array_index || array->indices[i] == *reference.array_index;
            const Job* job = named ? state.job(element(*array, i)) : nullptr;
            if (job != nullptr) {
                jobs.push_back(job);
            }
        }
    }
    if (jobs.empty() || !may_see(state, user, *jobs.front())) {
        return not_found(reference);
    }
    return jobs;
}

Result<Events> decide(const Deciding& by, const CancelJobs& command) {
    auto jobs = controlled(by.state, command.caller, command.jobs);
    if (!jobs) {
        return jobs.error();
    }
    Events events;
    for (const Job* job : jobs.value()) {
        const bool own = job->spec->user == command.caller.user;
        const Ending ending{
            .reason = own ? EndReason::CancelledByUser : EndReason::CancelledByAdmin,
            .exit_code = 0,
            .signal = 0,
            .detail = "cancelled by " + command.caller.user};
        const auto* placed = std::get_if<Placed>(&job->state);
        if (job->is_waiting()) {
            events.push_back(
                {by.now,
                 JobEnded{.job = job->id, .incarnation = {}, .ending = ending, .usage = {}}});
        } else if (placed != nullptr && goes_on(*job, *placed, by.now)) {
            events.push_back({by.now, JobStopRequested{job->id, ending}});
        }
    }
    return events;
}

Result<Events> decide(const Deciding& by, const HoldJobs& command) {
    auto jobs = controlled(by.state, command.caller, command.jobs);
    if (!jobs) {
        return jobs.error();
    }
    Events events;
    for (const Job* job : jobs.value()) {
        const bool own = job->spec->user == command.caller.user;
        if (job->is_waiting()) {
            events.push_back({by.now, JobHeld{job->id, own ? Hold::ByUser : Hold::ByAdmin}});
        }
    }
    if (events.empty()) {
        return Error{ErrorCode::FailedPrecondition,
                     "job " + text(command.jobs.front()) +
                         " does not wait any more; only pending jobs can be held"};
    }
    return events;
}

Result<Events> decide(const Deciding& by, const ReleaseJobs& command) {
    auto jobs = controlled(by.state, command.caller, command.jobs);
    if (!jobs) {
        return jobs.error();
    }
    Events events;
    for (const Job* job : jobs.value()) {
        const auto* waiting = std::get_if<Waiting>(&job->state);
        if (waiting == nullptr || waiting->hold == Hold::None) {
            continue;
        }
        const bool only_owner =
            job->spec->user == command.caller.user &&
            !may_shape_below(by.state, command.caller.user, job->demand().tenant);
        if (waiting->hold == Hold::ByAdmin && only_owner) {
            return Error{ErrorCode::NotAllowed,
                         "job " + text(command.jobs.front()) +
                             " is held by an administrator, who must release it"};
        }
        events.push_back({by.now, JobReleased{job->id}});
    }
    if (events.empty()) {
        return Error{ErrorCode::FailedPrecondition,
                     "job " + text(command.jobs.front()) + " is not held"};
    }
    return events;
}

}  // namespace gusu::core
