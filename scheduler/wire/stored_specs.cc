#include "scheduler/wire/stored_parts.h"

namespace gusu::wire {
namespace {

storage::Priority stored_priority(core::Priority priority) {
    switch (priority) {
        case core::Priority::Low:
            return storage::PRIORITY_LOW;
        case core::Priority::Normal:
            return storage::PRIORITY_NORMAL;
        case core::Priority::High:
            return storage::PRIORITY_HIGH;
    }
    return storage::PRIORITY_UNSPECIFIED;
}

storage::Preemption stored_preemption(core::Preemption preemption) {
    switch (preemption) {
        case core::Preemption::Forbidden:
            return storage::PREEMPTION_FORBIDDEN;
        case core::Preemption::Allowed:
            return storage::PREEMPTION_ALLOWED;
    }
    return storage::PREEMPTION_UNSPECIFIED;
}

storage::Runtime stored_runtime(core::Runtime runtime) {
    switch (runtime) {
        case core::Runtime::Process:
            return storage::RUNTIME_PROCESS;
        case core::Runtime::Container:
            return storage::RUNTIME_CONTAINER;
    }
    return storage::RUNTIME_UNSPECIFIED;
}

storage::Spread stored_spread(core::Spread spread) {
    switch (spread) {
        case core::Spread::Anywhere:
            return storage::SPREAD_ANYWHERE;
        case core::Spread::DistinctNodes:
            return storage::SPREAD_DISTINCT_NODES;
    }
    return storage::SPREAD_UNSPECIFIED;
}

storage::DependencyCondition stored_condition(core::DependencyCondition condition) {
    switch (condition) {
        case core::DependencyCondition::AfterOk:
            return storage::DEPENDENCY_CONDITION_AFTER_OK;
        case core::DependencyCondition::AfterAny:
            return storage::DEPENDENCY_CONDITION_AFTER_ANY;
        case core::DependencyCondition::AfterNotOk:
            return storage::DEPENDENCY_CONDITION_AFTER_NOT_OK;
        case core::DependencyCondition::AfterCorr:
            return storage::DEPENDENCY_CONDITION_AFTER_CORR;
        case core::DependencyCondition::Singleton:
            return storage::DEPENDENCY_CONDITION_SINGLETON;
    }
    return storage::DEPENDENCY_CONDITION_UNSPECIFIED;
}

storage::Sharing stored_sharing(core::Sharing sharing) {
    switch (sharing) {
        case core::Sharing::Shared:
            return storage::SHARING_SHARED;
        case core::Sharing::Exclusive:
            return storage::SHARING_EXCLUSIVE;
    }
    return storage::SHARING_UNSPECIFIED;
}

storage::Closeness stored_closeness(core::Closeness closeness) {
    switch (closeness) {
        case core::Closeness::Preferred:
            return storage::CLOSENESS_PREFERRED;
        case core::Closeness::Required:
            return storage::CLOSENESS_REQUIRED;
    }
    return storage::CLOSENESS_UNSPECIFIED;
}

void write_group(const core::TaskGroup& group, storage::TaskGroup& record) {
    record.set_name(group.name);
    record.set_tasks(group.tasks);
    record.set_milli_gpus(group.per_task.milli_gpus.units());
    record.set_milli_cpus(group.per_task.milli_cpus.units());
    record.set_memory(group.per_task.memory.units());
    for (const std::string& accelerator : group.accelerators) {
        record.add_accelerators(accelerator);
    }
    record.set_spread(stored_spread(group.spread));
    write_labels(group.node_labels, *record.mutable_node_labels());
    record.set_min_tasks(group.min_tasks);
    record.set_spread_over(group.spread_over);
    if (group.slice) {
        write_profile(*group.slice, *record.mutable_slice());
    }
}

core::TaskGroup read_group(const storage::TaskGroup& record, StoredReader& reader) {
    return {
        .name = record.name(),
        .tasks = record.tasks(),
        .min_tasks = record.min_tasks(),
        .per_task = {.milli_gpus = reader.amount(record.milli_gpus()),
                     .milli_cpus = reader.amount(record.milli_cpus()),
                     .memory = reader.amount(record.memory())},
        .accelerators = {record.accelerators().begin(), record.accelerators().end()},
        .spread = reader.choice(record.spread(), stored_spread, storage::Spread_MAX, "spread"),
        .node_labels = read_labels(record.node_labels()),
        .spread_over = record.spread_over(),
        .slice = record.has_slice() ? std::optional(read_profile(record.slice())) : std::nullopt};
}

core::Dependency read_dependency(const storage::Dependency& record, StoredReader& reader) {
    core::Dependency dependency{
        .condition = reader.choice(record.condition(), stored_condition,
                                   storage::DependencyCondition_MAX, "dependency condition"),
        .jobs = {}};
    for (const std::uint64_t job : record.jobs()) {
        dependency.jobs.push_back({job});
    }
    return dependency;
}

}  // namespace

void write_demand(const core::Demand& demand, storage::Demand& record) {
    record.set_tenant(demand.tenant.value);
    record.set_priority(stored_priority(demand.priority));
    record.set_preemption(stored_preemption(demand.preemption));
    record.set_runtime(stored_runtime(demand.runtime));
    if (demand.time_limit) {
        record.set_time_limit_ms(demand.time_limit->count());
    }
    record.set_sharing(stored_sharing(demand.sharing));
    if (demand.topology) {
        storage::Topology& topology = *record.mutable_topology();
        topology.set_level(demand.topology->level);
        topology.set_closeness(stored_closeness(demand.topology->closeness));
        topology.set_wait_ms(demand.topology->wait.count());
    }
    for (const core::TaskGroup& group : demand.groups) {
        write_group(group, *record.add_groups());
    }
}

core::Demand read_demand(const storage::Demand& record, StoredReader& reader) {
    core::Demand demand{
        .tenant = {record.tenant()},
        .priority =
            reader.choice(record.priority(), stored_priority, storage::Priority_MAX, "priority"),
        .preemption = reader.choice(record.preemption(), stored_preemption, storage::Preemption_MAX,
                                    "preemption"),
        .runtime = reader.choice(record.runtime(), stored_runtime, storage::Runtime_MAX, "runtime"),
        .time_limit = std::nullopt,
        .sharing = core::Sharing::Shared,
        .topology = std::nullopt,
        .groups = {}};
    if (record.has_time_limit_ms()) {
        demand.time_limit = Duration(record.time_limit_ms());
    }
    if (record.sharing() != storage::SHARING_UNSPECIFIED) {  // written before there was any
        demand.sharing =
            reader.choice(record.sharing(), stored_sharing, storage::Sharing_MAX, "sharing");
    }
    if (record.has_topology()) {
        demand.topology = core::Topology{
            .level = record.topology().level(),
            .closeness = reader.choice(record.topology().closeness(), stored_closeness,
                                       storage::Closeness_MAX, "closeness"),
            .wait = Duration(record.topology().wait_ms())};
    }
    for (const storage::TaskGroup& group : record.groups()) {
        demand.groups.push_back(read_group(group, reader));
    }
    return demand;
}

void write_spec(const core::JobSpec& spec, storage::JobSpec& record) {
    record.set_name(spec.name);
    record.set_user(spec.user);
    record.set_request_id(spec.request_id);
    for (const core::Dependency& dependency : spec.dependencies) {
        storage::Dependency& written = *record.add_dependencies();
        written.set_condition(stored_condition(dependency.condition));
        for (const JobId job : dependency.jobs) {
            written.add_jobs(job.value);
        }
    }
    record.set_retries(spec.retry.retries);
    record.set_backoff_ms(spec.retry.backoff.count());
    record.mutable_retry_exit_codes()->Add(spec.retry.exit_codes.begin(),
                                           spec.retry.exit_codes.end());
    record.mutable_final_exit_codes()->Add(spec.retry.final_exit_codes.begin(),
                                           spec.retry.final_exit_codes.end());
    if (spec.deadline) {
        record.set_deadline(to_milliseconds(*spec.deadline));
    }
    record.set_stop_signal(spec.stop_signal);
    record.set_stop_grace_ms(spec.stop_grace.count());
    record.set_begin(to_milliseconds(spec.begin));
    record.set_payload(spec.payload);
}

core::JobSpec read_spec(const storage::JobSpec& record, StoredReader& reader) {
    core::JobSpec spec;
    spec.name = record.name();
    spec.user = record.user();
    spec.request_id = record.request_id();
    for (const storage::Dependency& dependency : record.dependencies()) {
        spec.dependencies.push_back(read_dependency(dependency, reader));
    }
    spec.retry = {
        .retries = record.retries(),
        .backoff = Duration(record.backoff_ms()),
        .exit_codes = {record.retry_exit_codes().begin(), record.retry_exit_codes().end()},
        .final_exit_codes = {record.final_exit_codes().begin(), record.final_exit_codes().end()}};
    if (record.has_deadline()) {
        spec.deadline = from_milliseconds(record.deadline());
    }
    spec.stop_signal = record.stop_signal();
    spec.stop_grace = Duration(record.stop_grace_ms());
    spec.begin = from_milliseconds(record.begin());
    spec.payload = record.payload();
    return spec;
}

}  // namespace gusu::wire
