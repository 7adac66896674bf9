#include <algorithm>

#include "scheduler/base/text.h"
#include "scheduler/core/decide/decide.h"
#include "scheduler/core/policy/access.h"
#include "scheduler/core/policy/enclosure.h"

namespace gusu::core {
namespace {

constexpr std::size_t kDeepest = 8;
constexpr std::size_t kLongestPart = 63;

bool is_part(std::string_view part) {
    return !part.empty() && part.size() <= kLongestPart && std::ranges::all_of(part, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

Status check_path(const std::string& path) {
    std::size_t depth = 0;
    for (std::size_t begin = 0; begin <= path.size(); ++depth) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        if (depth == kDeepest || !is_part(std::string_view(path).substr(begin, end - begin))) {
            return Error{
                ErrorCode::InvalidArgument,
                "tenant path \"" + path +
                    "\": parts of a-z, 0-9, _ and -, 1 to 63 characters each, joined by /, "
                    "at most 8 deep; for example suda/nlp"};
        }
        begin = end + 1;
    }
    return Done{};
}

Error not_allowed(const std::string& user, const std::string& path) {
    return Error{ErrorCode::NotAllowed, user + " may not change tenant \"" + path +
                                            "\"; that takes a system administrator, or a tenant "
                                            "administrator above it"};
}

// A tenant's data is never less strict than its parent's.
Status check_data_class(const State& state, const Tenant* parent, DataClass wanted) {
    if (parent == nullptr || wanted >= data_class(state, *parent)) {
        return Done{};
    }
    const std::string least = word(data_class(state, *parent));
    return Error{ErrorCode::FailedPrecondition,
                 "data_class: data of \"" + parent->path + "\" is " + least +
                     ", and that of tenants below it can only be stricter, not " + word(wanted) +
                     "; leave the class away, or change that of \"" + parent->path + "\" first"};
}

Amount children_guaranteed(const State& state, TenantId parent, const std::string& accelerator) {
    Amount sum;
    for (const auto& [id, tenant] : state.tenants()) {
        if (tenant.parent == parent) {
            sum += guaranteed(tenant, accelerator);
        }
    }
    return sum;
}

std::string gpus(Amount milli) { return format_milli(milli.units()); }

// Children's guarantees never exceed the parent's.
Status check_guarantee(const State& state, const Tenant& tenant, const std::string& accelerator,
                       Amount wanted) {
    const Amount below = children_guaranteed(state, tenant.id, accelerator);
    if (below > wanted) {
        return Error{ErrorCode::FailedPrecondition,
                     "tenants below \"" + tenant.path + "\" are guaranteed " + gpus(below) + " " +
                         accelerator + " together; a guarantee of " + gpus(wanted) +
                         " is less. Lower theirs first"};
    }
    const Tenant* parent = state.tenant(tenant.parent);
    if (parent == nullptr) {
        return Done{};
    }
    const Amount others =
        children_guaranteed(state, parent->id, accelerator) - guaranteed(tenant, accelerator);
    const Amount has = guaranteed(*parent, accelerator);
    if (others + wanted > has) {
        return Error{ErrorCode::FailedPrecondition,
                     "\"" + parent->path + "\" is guaranteed " + gpus(has) + " " + accelerator +
                         ", of which its other tenants have " + gpus(others) + "; \"" +
                         tenant.path + "\" can have at most " + gpus(has.minus_at_most(others))};
    }
    return Done{};
}

int children_guaranteed_nodes(const State& state, TenantId parent, const std::string& accelerator) {
    int sum = 0;
    for (const auto& [id, tenant] : state.tenants()) {
        const auto quota = tenant.quotas.find(accelerator);
        sum += tenant.parent == parent && quota != tenant.quotas.end()
                   ? quota->second.guaranteed_nodes
                   : 0;
    }
    return sum;
}

int guaranteed_nodes(const Tenant& tenant, const std::string& accelerator) {
    const auto quota = tenant.quotas.find(accelerator);
    return quota == tenant.quotas.end() ? 0 : quota->second.guaranteed_nodes;
}

// Whole nodes are a part of the guarantee, and children's of the parent's.
Status check_guaranteed_nodes(const State& state, const Tenant& tenant,
                              const std::string& accelerator, const Quota& wanted) {
    const int nodes = wanted.guaranteed_nodes;
    if (nodes > 0 && accelerator == kAnyAccelerator) {
        return Error{ErrorCode::InvalidArgument,
                     "guaranteed_nodes: nodes are guaranteed of one accelerator; name it"};
    }
    // One device where no node is known yet.
    const int devices = std::max(1, state.smallest_node(accelerator, 1));
    const Amount gpus_of_nodes = Amount(kWholeDevice).times(devices).times(nodes);
    if (gpus_of_nodes > wanted.guaranteed) {
        return Error{ErrorCode::InvalidArgument,
                     "guaranteed_nodes: " + std::to_string(nodes) + " nodes with at least " +
                         std::to_string(devices) + " " + accelerator + " each are " +
                         gpus(gpus_of_nodes) + ", and the guarantee is " + gpus(wanted.guaranteed) +
                         "; raise it, or guarantee fewer nodes"};
    }
    const int below = children_guaranteed_nodes(state, tenant.id, accelerator);
    if (below > nodes) {
        return Error{ErrorCode::FailedPrecondition,
                     "tenants below \"" + tenant.path + "\" are guaranteed " +
                         std::to_string(below) + " whole nodes with " + accelerator +
                         " together; " + std::to_string(nodes) + " is less. Lower theirs first"};
    }
    const Tenant* parent = state.tenant(tenant.parent);
    if (parent == nullptr) {
        return Done{};
    }
    const int has = guaranteed_nodes(*parent, accelerator);
    const int others = children_guaranteed_nodes(state, parent->id, accelerator) -
                       guaranteed_nodes(tenant, accelerator);
    if (others + nodes > has) {
        return Error{ErrorCode::FailedPrecondition,
                     "\"" + parent->path + "\" is guaranteed " + std::to_string(has) +
                         " whole nodes with " + accelerator + ", of which its other tenants have " +
                         std::to_string(others) + "; \"" + tenant.path + "\" can have at most " +
                         std::to_string(std::max(0, has - others))};
    }
    return Done{};
}

Status check_accelerator(const State& state, const std::string& name) {
    std::set<std::string> known{kAnyAccelerator};
    for (const auto& [each, accelerator] : state.catalogue()) {
        known.insert(each);
    }
    for (const auto& [each, reality] : state.accelerators_seen()) {
        known.insert(each);
    }
    if (known.contains(name)) {
        return Done{};
    }
    const std::string near = nearest_name(name, known);
    return Error{ErrorCode::InvalidArgument,
                 "accelerator: unknown accelerator \"" + name + "\"" +
                     (near.empty() ? "" : "; did you mean \"" + near + "\"?")};
}

// What a job holds of the accelerator, or of all.
Amount held_of(const Job& job, const std::string& accelerator) {
    const auto held = gpus_held(std::get<Placed>(job.state).tasks);
    const auto found = held.find(accelerator);
    return found == held.end() ? Amount{} : found->second;
}

// Jobs at or below the tenant that hold some of the accelerator, the latest placed first.
std::vector<const Job*> holders(const State& state, const Tenant& tenant,
                                const std::string& accelerator) {
    std::vector<const Job*> all;
    for (const auto& [incarnation, id] : state.placed()) {
        const Job& job = *state.job(id);
        const auto& lineage = state.tenant(job.demand().tenant)->lineage;
        if (std::ranges::find(lineage, tenant.id) != lineage.end() &&
            !held_of(job, accelerator).is_zero()) {
            all.push_back(&job);
        }
    }
    std::ranges::reverse(all);  // incarnations ascend with time
    return all;
}

// Adds stops of preemptible jobs until the use is within the limit.
Status reclaim(const Deciding& by, const Tenant& tenant,
               const std::pair<std::string, Quota>& changed, Events& events) {
    const auto& [accelerator, quota] = changed;
    if (!quota.limit) {
        return Error{ErrorCode::InvalidArgument, "reclaim: \"" + tenant.path +
                                                     "\" has no limit of " + accelerator +
                                                     " to come down to; give one with --limit"};
    }
    const std::vector<const Job*> all = holders(by.state, tenant, accelerator);
    Amount left = used(tenant, accelerator);
    for (const Job* job : all) {
        if (std::get<Placed>(job->state).stopping) {
            left -= held_of(*job, accelerator);
        }
    }
    std::string others;
    for (const Job* job : all) {
        if (left <= *quota.limit || std::get<Placed>(job->state).stopping) {
            continue;
        }
        if (job->demand().preemption == Preemption::Forbidden) {
            others += (others.empty() ? "" : ", ") + std::to_string(job->id.value);
            continue;
        }
        left -= held_of(*job, accelerator);
        events.push_back(
            {by.now, JobStopRequested{job->id, Ending{.reason = EndReason::Preempted,
                                                      .exit_code = 0,
                                                      .signal = 0,
                                                      .detail = "reclaimed: the limit of \"" +
                                                                tenant.path + "\" was lowered"}}});
    }
    if (left > *quota.limit) {
        return Error{ErrorCode::FailedPrecondition,
                     "reclaim: with all preemptible jobs stopped \"" + tenant.path +
                         "\" still uses " + gpus(left) + " " + accelerator + ", and its limit is " +
                         gpus(*quota.limit) + "; cancel some of jobs " + others +
                         ", or set a limit of at least " + gpus(left)};
    }
    return Done{};
}

}  // namespace

Result<const Tenant*> visible_tenant(const State& state, const std::string& user,
                                     const std::string& path, const std::string& field) {
    const Tenant* tenant = state.tenant(path);
    if (tenant != nullptr && may_see(state, user, *tenant)) {
        return tenant;
    }
    std::vector<std::string> visible;
    for (const auto& [id, each] : state.tenants()) {
        if (may_see(state, user, each)) {
            visible.push_back(each.path);
        }
    }
    const std::string near = nearest_name(path, visible);
    return Error{ErrorCode::NotFound, field + ": no tenant \"" + path + "\"" +
                                          (near.empty() ? "; `gusu tenants` lists those you may see"
                                                        : "; did you mean \"" + near + "\"?")};
}

Result<Events> decide(const Deciding& by, const CreateTenant& command) {
    if (const Status valid = check_path(command.path); !valid) {
        return valid.error();
    }
    const std::size_t slash = command.path.rfind('/');
    TenantId parent;
    if (slash != std::string::npos) {
        const std::string above = command.path.substr(0, slash);
        const auto found = visible_tenant(by.state, command.caller.user, above, "path");
        if (!found) {
            return Error{found.error().code,
                         found.error().message + " Create \"" + above + "\" first"};
        }
        parent = found.value()->id;
    }
    if (!may_shape_below(by.state, command.caller.user, parent)) {
        return not_allowed(command.caller.user, command.path);
    }
    if (by.state.tenant(command.path) != nullptr) {
        return Error{ErrorCode::AlreadyExists, "tenant \"" + command.path + "\" is there already"};
    }
    const DataClass wanted = command.description.data_class;
    const Status strict = wanted == DataClass::Public
                              ? Status(Done{})  // nothing said
                              : check_data_class(by.state, by.state.tenant(parent), wanted);
    if (!strict) {
        return strict.error();
    }
    return Events{{by.now, TenantCreated{.tenant = TenantId{by.state.next_id()},
                                         .parent = parent,
                                         .path = command.path,
                                         .description = command.description}}};
}

Result<Events> decide(const Deciding& by, const UpdateTenant& command) {
    const auto found = visible_tenant(by.state, command.caller.user, command.path, "path");
    if (!found) {
        return found.error();
    }
    const Tenant& tenant = *found.value();
    if (!may_shape_below(by.state, command.caller.user, tenant.parent)) {
        return not_allowed(command.caller.user, command.path);
    }
    if (command.data_class) {
        const Tenant* parent = by.state.tenant(tenant.parent);
        if (const Status strict = check_data_class(by.state, parent, *command.data_class);
            !strict) {
            return strict.error();
        }
    }
    TenantDescription changed = tenant.description;
    changed.display_name = command.display_name.value_or(changed.display_name);
    changed.status = command.status.value_or(changed.status);
    changed.max_pending_jobs = command.max_pending_jobs.value_or(changed.max_pending_jobs);
    changed.max_running_jobs = command.max_running_jobs.value_or(changed.max_running_jobs);
    changed.labels = command.labels.value_or(changed.labels);
    changed.data_class = command.data_class.value_or(changed.data_class);
    return Events{{by.now, TenantUpdated{tenant.id, std::move(changed)}}};
}

Result<Events> decide(const Deciding& by, const DeleteTenant& command) {
    const auto found = visible_tenant(by.state, command.caller.user, command.path, "path");
    if (!found) {
        return found.error();
    }
    const Tenant& tenant = *found.value();
    if (!may_shape_below(by.state, command.caller.user, tenant.parent)) {
        return not_allowed(command.caller.user, command.path);
    }
    if (tenant.children > 0 || tenant.pending_jobs > 0 || tenant.running_jobs > 0) {
        return Error{ErrorCode::FailedPrecondition,
                     "tenant \"" + tenant.path + "\" has " + std::to_string(tenant.children) +
                         " tenants below it, " + std::to_string(tenant.pending_jobs) +
                         " pending and " + std::to_string(tenant.running_jobs) +
                         " running jobs; delete or cancel these first"};
    }
    for (const auto& [name, reservation] : by.state.reservations()) {
        if (reservation.tenant == tenant.id) {
            return Error{ErrorCode::FailedPrecondition, "nodes are reserved for tenant \"" +
                                                            tenant.path + "\" by \"" + name +
                                                            "\"; delete that reservation first"};
        }
    }
    JobsForgotten forgotten;
    for (const auto& [at, job] : by.state.ended()) {
        if (by.state.job(job)->demand().tenant == tenant.id) {
            forgotten.jobs.push_back(job);
        }
    }
    return Events{{by.now, std::move(forgotten)}, {by.now, TenantDeleted{tenant.id}}};
}

Result<Events> decide(const Deciding& by, const SetQuota& command) {
    const auto found = visible_tenant(by.state, command.caller.user, command.tenant, "tenant");
    if (!found) {
        return found.error();
    }
    const Tenant& tenant = *found.value();
    if (!may_shape_below(by.state, command.caller.user, tenant.parent)) {
        return not_allowed(command.caller.user, command.tenant);
    }
    if (const Status known = check_accelerator(by.state, command.accelerator); !known) {
        return known.error();
    }
    const auto present = tenant.quotas.find(command.accelerator);
    Quota quota = present == tenant.quotas.end() ? Quota{} : present->second;
    quota.guaranteed = command.guaranteed.value_or(quota.guaranteed);
    quota.limit = command.limit ? command.limit : quota.limit;
    quota.lendable = command.lendable ? command.lendable : quota.lendable;
    if (command.clear_limit == SetQuota::Limit::Clear) {
        quota.limit.reset();
    }
    if (quota.limit && *quota.limit < quota.guaranteed) {
        return Error{ErrorCode::InvalidArgument,
                     "limit: " + gpus(*quota.limit) + " is below the guarantee of " +
                         gpus(quota.guaranteed) + " " + command.accelerator +
                         "; give a limit of at least that"};
    }
    if (quota.lendable && *quota.lendable > quota.guaranteed) {
        return Error{ErrorCode::InvalidArgument,
                     "lendable: " + gpus(*quota.lendable) + " is more than the guarantee of " +
                         gpus(quota.guaranteed) + " " + command.accelerator};
    }
    const Status fits = check_guarantee(by.state, tenant, command.accelerator, quota.guaranteed);
    if (!fits) {
        return fits.error();
    }
    quota.guaranteed_nodes = command.guaranteed_nodes.value_or(quota.guaranteed_nodes);
    const Status whole = check_guaranteed_nodes(by.state, tenant, command.accelerator, quota);
    if (!whole) {
        return whole.error();
    }
    Events events{{by.now, QuotaChanged{tenant.id, command.accelerator, quota}}};
    if (command.reclaim == SetQuota::Reclaim::Yes) {
        const Status enough = reclaim(by, tenant, {command.accelerator, quota}, events);
        if (!enough) {
            return enough.error();
        }
    }
    return events;
}

}  // namespace gusu::core
