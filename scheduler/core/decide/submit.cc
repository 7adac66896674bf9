#include <algorithm>

#include "scheduler/base/text.h"
#include "scheduler/core/decide/decide.h"
#include "scheduler/core/policy/access.h"
#include "scheduler/core/policy/elastic.h"
#include "scheduler/core/policy/slices.h"

namespace gusu::core {
namespace {

// A singleton names each of them in its record.
constexpr std::size_t kMostNamesakes = 1'000;

std::string place_in_batch(const SubmitJobs& command, std::size_t position) {
    return command.submissions.size() == 1 ? "spec" : "specs[" + std::to_string(position) + "]";
}

// The only tenant the caller may submit to.
Result<const Tenant*> only_tenant(const State& state, const std::string& user) {
    std::vector<const Tenant*> possible;
    for (const auto& [id, tenant] : state.tenants()) {
        if (may_submit(state, user, id)) {
            possible.push_back(&tenant);
        }
    }
    if (possible.size() == 1) {
        return possible.front();
    }
    if (possible.empty()) {
        return Error{ErrorCode::NotAllowed,
                     "you may not submit to any tenant; ask a tenant's administrator for the role "
                     "\"researcher\""};
    }
    return Error{ErrorCode::InvalidArgument,
                 "spec.tenant: you may submit to " + std::to_string(possible.size()) +
                     " tenants; name one, as --tenant " + possible.front()->path};
}

Result<const Tenant*> paying_tenant(const State& state, const SubmitJobs& command,
                                    std::size_t position) {
    const std::string& user = command.caller.user;
    const std::string& path = command.submissions[position].tenant;
    if (path.empty()) {
        return only_tenant(state, user);
    }
    auto tenant = visible_tenant(state, user, path, place_in_batch(command, position) + ".tenant");
    if (!tenant) {
        return Error{ErrorCode::InvalidArgument, tenant.error().message};
    }
    if (!may_submit(state, user, tenant.value()->id)) {
        return Error{ErrorCode::NotAllowed, user + " may not submit to tenant \"" + path +
                                                "\"; ask its administrator for the role "
                                                "\"researcher\""};
    }
    return tenant;
}

std::optional<Error> refusal(const Deciding& by, const Demand& demand, const std::string& field) {
    if (const auto closed = limit_closed_always(by.state, demand.tenant,
                                                certain_need(by.state, at_least(demand)))) {
        const std::string& path = by.state.tenant(closed->tenant)->path;
        return Error{ErrorCode::QuotaExceeded,
                     field + " asks for " + format_milli(closed->asked.units()) + " GPUs (" +
                         closed->accelerator + ") and tenant \"" + path +
                         "\" may never use more than " + format_milli(closed->limit.units()) +
                         "; ask for at most " + format_milli(closed->limit.units()) +
                         ", or have the limit raised"};
    }
    if (const auto impossible = by.feasibility.impossible(by.state, demand)) {
        const bool of_group = impossible->message.starts_with("groups");
        return Error{ErrorCode::InvalidArgument,
                     field + (of_group ? "." : ": ") + impossible->message};
    }
    return std::nullopt;
}

// It could not end before its deadline even if it began at once.
std::optional<Error> too_late(const Deciding& by, const JobSpec& spec, const std::string& field) {
    if (!spec.deadline) {
        return std::nullopt;
    }
    const Duration limit = spec.demand->time_limit.value_or(Duration(0));
    const Time ends = std::max(by.now, spec.begin) + limit;
    if (ends <= *spec.deadline) {
        return std::nullopt;
    }
    return Error{ErrorCode::InvalidArgument, field + ".deadline: begun at once it may run until " +
                                                 format_rfc3339(ends) + ", after its deadline " +
                                                 format_rfc3339(*spec.deadline) +
                                                 "; give it a later one, or a shorter time limit"};
}

// Ids that this batch's jobs get, in order; an array takes one for itself and one for each element.
std::vector<JobId> ids_for(const State& state, const SubmitJobs& command) {
    std::vector<JobId> ids;
    std::uint64_t next = state.next_id();
    for (const Submission& submission : command.submissions) {
        ids.push_back(JobId{next});
        next += 1 + submission.array_indices.size();
    }
    return ids;
}

Result<JobId> dependency_target(const State& state, const std::string& user, const JobRef& on) {
    const Array* array = state.array(on.job);
    const auto jobs = resolve(state, user, on);
    if (!jobs) {
        return Error{
            ErrorCode::InvalidArgument,
            jobs.error().message + " to depend on (ended jobs are remembered for a while only)"};
    }
    return array != nullptr && !on.array_index ? on.job : jobs.value().front()->id;
}

// Each element has one of its index on the other side, of which somebody still knows.
Status check_corresponding(const State& state, const Submission& submission, JobId target) {
    const Array* array = state.array(target);
    if (array == nullptr || submission.array_indices.empty()) {
        return Error{ErrorCode::InvalidArgument,
                     "aftercorr goes from an array to an array; " + std::to_string(target.value) +
                         (array == nullptr ? " is none" : " is one, and this job is none") +
                         "; use afterok"};
    }
    for (const int index : submission.array_indices) {
        const auto element = element_of(*array, index);
        if (!element || state.job(*element) == nullptr) {
            return Error{ErrorCode::InvalidArgument,
                         "aftercorr: array " + std::to_string(target.value) +
                             (element ? " has ended long ago at" : " has no") + " index " +
                             std::to_string(index) + "; both arrays need the same indices"};
        }
    }
    return Done{};
}

bool are_namesakes(const JobSpec& a, const JobSpec& b) {
    return a.name == b.name && a.user == b.user;
}

// Earlier jobs of this name by this user in this tenant that have not ended; arrays as one.
std::set<JobId> namesakes(const State& state, const JobSpec& spec, TenantId tenant) {
    std::set<JobId> found;
    for (const auto& [id, job] : state.jobs()) {
        if (!job.is_finished() && job.demand().tenant == tenant && are_namesakes(*job.spec, spec)) {
            found.insert(job.array ? job.array->array : id);
        }
    }
    return found;
}

Result<Dependency> after_namesakes(const Deciding& by, const SubmitJobs& command,
                                   std::size_t position, const std::vector<JobId>& ids) {
    const Submission& submission = command.submissions[position];
    const auto tenant = paying_tenant(by.state, command, position);
    if (!tenant) {
        return tenant.error();
    }
    JobSpec spec = submission.spec;
    spec.user = command.caller.user;
    std::set<JobId> before = namesakes(by.state, spec, tenant.value()->id);
    for (std::size_t earlier = 0; earlier < position; ++earlier) {
        const Submission& other = command.submissions[earlier];
        if (other.spec.name == spec.name && other.tenant == submission.tenant) {
            before.insert(ids[earlier]);
        }
    }
    if (before.size() > kMostNamesakes) {
        return Error{ErrorCode::InvalidArgument,
                     place_in_batch(command, position) + ".dependencies: " +
                         std::to_string(before.size()) + " earlier jobs are named \"" + spec.name +
                         "\"; singleton waits for at most " + std::to_string(kMostNamesakes) +
                         ", give it another name, or depend on the last of them"};
    }
    return Dependency{DependencyCondition::Singleton, {before.begin(), before.end()}};
}

Result<std::vector<Dependency>> resolved_dependencies(const Deciding& by, const SubmitJobs& command,
                                                      std::size_t position,
                                                      const std::vector<JobId>& ids) {
    std::vector<Dependency> resolved;
    const Submission& submission = command.submissions[position];
    for (const DependsOn& depends : submission.dependencies) {
        if (depends.condition == DependencyCondition::Singleton) {
            auto before = after_namesakes(by, command, position, ids);
            if (!before) {
                return before.error();
            }
            resolved.push_back(std::move(before.value()));
            continue;
        }
        std::set<JobId> targets;
        for (const JobRef& on : depends.jobs) {
            const auto target = dependency_target(by.state, command.caller.user, on);
            if (!target) {
                return Error{target.error().code, place_in_batch(command, position) +
                                                      ".dependencies: " + target.error().message};
            }
            targets.insert(*target);
            const bool corresponds = depends.condition == DependencyCondition::AfterCorr;
            const Status same =
                corresponds ? check_corresponding(by.state, submission, *target) : Status(Done{});
            if (!same) {
                return Error{same.error().code, place_in_batch(command, position) +
                                                    ".dependencies: " + same.error().message};
            }
        }
        for (const int sibling : depends.siblings) {
            const auto place = static_cast<std::size_t>(sibling);
            if (depends.condition == DependencyCondition::AfterCorr &&
                !std::ranges::includes(command.submissions[place].array_indices,
                                       submission.array_indices)) {
                return Error{ErrorCode::InvalidArgument,
                             place_in_batch(command, position) + ".dependencies: aftercorr #" +
                                 std::to_string(sibling) +
                                 ": both must be arrays, with the same indices"};
            }
            targets.insert(ids.at(place));
        }
        resolved.push_back({depends.condition, {targets.begin(), targets.end()}});
    }
    return resolved;
}

// Counts the jobs of a batch against limits of pending jobs.
class PendingLimits {
public:
    explicit PendingLimits(const State& state) : state_(state) {}

    std::optional<Error> add(TenantId tenant, int jobs) {
        for (const Tenant* t = state_.tenant(tenant); t != nullptr; t = state_.tenant(t->parent)) {
            const int limit = t->description.max_pending_jobs;
            int& added = added_[t->id];
            added += jobs;
            if (limit > 0 && t->pending_jobs + added > limit) {
                return Error{ErrorCode::QuotaExceeded,
                             "tenant \"" + t->path + "\" has " + std::to_string(t->pending_jobs) +
                                 " jobs pending and may have " + std::to_string(limit) + "; " +
                                 std::to_string(added) +
                                 " more are too many. Wait for some to start, or cancel some"};
            }
        }
        return std::nullopt;
    }

private:
    const State& state_;
    std::map<TenantId, int> added_;
};

Result<std::shared_ptr<const JobSpec>> final_spec(const Deciding& by, const SubmitJobs& command,
                                                  std::size_t position,
                                                  const std::vector<JobId>& ids) {
    const Submission& submission = command.submissions[position];
    const auto tenant = paying_tenant(by.state, command, position);
    if (!tenant) {
        return tenant.error();
    }
    auto demand = std::make_shared<Demand>(*submission.spec.demand);
    demand->tenant = tenant.value()->id;
    if (const auto unknown = settle_slices(by.state, *demand, place_in_batch(command, position))) {
        return *unknown;
    }
    if (const auto refused = refusal(by, *demand, place_in_batch(command, position))) {
        return *refused;
    }
    if (const auto late = too_late(by, submission.spec, place_in_batch(command, position))) {
        return *late;
    }
    auto dependencies = resolved_dependencies(by, command, position, ids);
    if (!dependencies) {
        return dependencies.error();
    }
    auto spec = std::make_shared<JobSpec>(submission.spec);
    spec->user = command.caller.user;
    spec->request_id = command.request_id;
    spec->demand = by.state.shared(demand);
    spec->dependencies = std::move(dependencies.value());
    return std::shared_ptr<const JobSpec>(std::move(spec));
}

}  // namespace

Result<Events> decide(const Deciding& by, const SubmitJobs& command) {
    if (by.state.request(command.caller.user, command.request_id) != nullptr) {
        return Events{};  // done before: the same request has the same jobs
    }
    const std::vector<JobId> ids = ids_for(by.state, command);
    PendingLimits limits(by.state);
    Events events;
    events.reserve(command.submissions.size());
    for (std::size_t position = 0; position < command.submissions.size(); ++position) {
        const Submission& submission = command.submissions[position];
        auto spec = final_spec(by, command, position, ids);
        if (!spec) {
            return spec.error();
        }
        const auto jobs = std::max<std::size_t>(submission.array_indices.size(), 1);
        if (const auto full = limits.add(spec.value()->demand->tenant, static_cast<int>(jobs))) {
            return *full;
        }
        events.push_back({by.now, JobSubmitted{.job = ids[position],
                                               .spec = std::move(spec.value()),
                                               .position = static_cast<int>(position),
                                               .array_indices = submission.array_indices,
                                               .array_max_running = submission.array_max_running,
                                               .hold = submission.hold}});
    }
    return events;
}

}  // namespace gusu::core
