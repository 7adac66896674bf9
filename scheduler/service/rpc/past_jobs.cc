#include "scheduler/service/rpc/past_jobs.h"

#include <algorithm>

#include "scheduler/core/policy/access.h"
#include "scheduler/service/rpc/job_view.h"
#include "scheduler/wire/job_text.h"

namespace gusu::service {
namespace {

Result<v1::Job> to_job(const store::HistoryRow& row) {
    v1::Job job;
    if (!job.ParseFromString(row.job_message)) {
        return Error{ErrorCode::Internal,
                     "the history of job " + std::to_string(row.job.value) + " cannot be read"};
    }
    return job;
}

// One job of an array that has been forgotten: the worst of its elements, as for those in memory.
Result<v1::Job> past_array(store::History& history, const store::HistoryRow& first) {
    auto whole = to_job(first);
    if (!whole) {
        return whole;
    }
    const auto indices = wire::parse_array_indices(whole->spec().array().indices());
    const auto size = indices ? indices->size() : 1;
    store::HistoryQuery query;
    query.before = JobId{first.array.value + size + 1};
    query.at_most = static_cast<int>(size);
    const auto rows = history.list(query);
    if (!rows) {
        return rows.error();
    }
    double gpu_hours = 0;
    std::size_t succeeded = 0;
    v1::Job worst = *whole;
    for (const store::HistoryRow& row : *rows) {
        const auto element = row.array == first.array ? to_job(row) : Result<v1::Job>(*whole);
        if (!element || row.array != first.array) {
            continue;
        }
        gpu_hours += element->gpu_hours();
        succeeded += element->state() == v1::JOB_STATE_SUCCEEDED ? 1 : 0;
        const bool worse = element->state() == v1::JOB_STATE_FAILED
                               ? worst.state() != v1::JOB_STATE_FAILED
                               : worst.state() == v1::JOB_STATE_SUCCEEDED;
        if (worse) {
            worst = *element;
        }
    }
    worst.set_id(std::to_string(first.array.value));
    worst.set_gpu_hours(gpu_hours);
    worst.set_gpus(worst.gpus() * static_cast<double>(size));
    worst.set_end_detail(std::to_string(succeeded) + " of " + std::to_string(size) +
                         " elements succeeded");
    worst.clear_placements();
    worst.clear_events();
    worst.clear_array_id();
    worst.clear_array_index();
    return worst;
}

}  // namespace

bool is_within(const std::string& path, const std::string& tenant) {
    return path.starts_with(tenant) &&
           (path.size() == tenant.size() || tenant.empty() || path[tenant.size()] == '/');
}

bool Sight::sees(const store::HistoryRow& row) const {
    return everything || row.user == user ||
           std::ranges::any_of(
               tenants, [&](const std::string& tenant) { return is_within(row.tenant, tenant); });
}

Sight sight_of(const core::State& state, const std::string& user) {
    Sight sight{.user = user, .everything = false, .tenants = {}};
    // A job of nobody, first on the platform and then in each tenant.
    const auto sees = [&](TenantId tenant) {
        auto demand = std::make_shared<core::Demand>();
        demand->tenant = tenant;
        auto spec = std::make_shared<core::JobSpec>();
        spec->demand = std::move(demand);
        core::Job job;
        job.spec = std::move(spec);
        return core::may_see(state, user, job);
    };
    sight.everything = sees(TenantId{});
    const auto& grants = state.directory().grants;
    for (auto grant = grants.lower_bound(core::Grant{user, core::Role::Researcher, {}});
         !sight.everything && grant != grants.end() && grant->user == user; ++grant) {
        const core::Tenant* tenant = state.tenant(grant->tenant);
        if (tenant != nullptr && sees(grant->tenant)) {
            sight.tenants.push_back(tenant->path);
        }
    }
    return sight;
}

Result<v1::Job> past_job(store::History& history, const Sight& sight,
                         const core::JobRef& reference) {
    const std::string id =
        std::to_string(reference.job.value) +
        (reference.array_index ? "_" + std::to_string(*reference.array_index) : "");
    auto row = reference.array_index ? history.array_element(reference.job, *reference.array_index)
                                     : history.job(reference.job);
    if (!row) {
        return row.error();
    }
    if (*row && (reference.array_index || !(*row)->array)) {
        return sight.sees(**row) ? to_job(**row) : no_such_job(id);
    }
    if (reference.array_index || *row) {
        return no_such_job(id);  // elements are named by their array
    }
    auto first = history.job(JobId{reference.job.value + 1});
    if (!first) {
        return first.error();
    }
    if (!*first || (*first)->array != reference.job || !sight.sees(**first)) {
        return no_such_job(id);
    }
    return past_array(history, **first);
}

void make_brief(v1::Job& job) {
    v1::JobSpec& spec = *job.mutable_spec();
    spec.clear_command();
    spec.clear_script();
    spec.clear_env();
    for (v1::TaskGroup& group : *spec.mutable_groups()) {
        group.clear_command();
    }
    job.clear_events();
}

}  // namespace gusu::service
