// The spec of a job as a message again: what the core knows, and the payload it only carries.
#include "scheduler/wire/amounts.h"
#include "scheduler/wire/job_spec.h"
#include "scheduler/wire/job_text.h"

namespace gusu::wire {
namespace {

v1::Priority shown_priority(core::Priority priority) {
    switch (priority) {
        case core::Priority::Low:
            return v1::PRIORITY_LOW;
        case core::Priority::Normal:
            return v1::PRIORITY_NORMAL;
        case core::Priority::High:
            return v1::PRIORITY_HIGH;
    }
    return v1::PRIORITY_UNSPECIFIED;
}

v1::DependencyCondition shown_condition(core::DependencyCondition condition) {
    switch (condition) {
        case core::DependencyCondition::AfterOk:
            return v1::DEPENDENCY_CONDITION_AFTER_OK;
        case core::DependencyCondition::AfterAny:
            return v1::DEPENDENCY_CONDITION_AFTER_ANY;
        case core::DependencyCondition::AfterNotOk:
            return v1::DEPENDENCY_CONDITION_AFTER_NOT_OK;
        case core::DependencyCondition::AfterCorr:
            return v1::DEPENDENCY_CONDITION_AFTER_CORR;
        case core::DependencyCondition::Singleton:
            return v1::DEPENDENCY_CONDITION_SINGLETON;
    }
    return v1::DEPENDENCY_CONDITION_UNSPECIFIED;
}

// Keeps the group's command, which came with the payload.
void show_group(const core::TaskGroup& group, v1::TaskGroup& message) {
    message.set_name(group.name);
    message.set_tasks(group.tasks);
    v1::Resources& resources = *message.mutable_resources();
    if (group.slice) {
        message.set_gpu_slice(group.slice->name);
        resources.clear_gpus();  // the profile says how much that is
    } else {
        resources.set_gpus(from_milli(group.per_task.milli_gpus.units()));
    }
    resources.set_cpus(from_milli(group.per_task.milli_cpus.units()));
    resources.set_memory(group.per_task.memory.units());
    message.mutable_accelerators()->Assign(group.accelerators.begin(), group.accelerators.end());
    message.set_distinct_nodes(group.spread == core::Spread::DistinctNodes);
    message.mutable_node_labels()->insert(group.node_labels.begin(), group.node_labels.end());
    message.set_min_tasks(group.min_tasks);
    message.set_spread_over(group.spread_over);
}

void show_demand(const core::State& state, const core::Demand& demand, v1::JobSpec& message) {
    if (const core::Tenant* tenant = state.tenant(demand.tenant)) {
        message.set_tenant(tenant->path);
    }
    for (std::size_t i = 0; i < demand.groups.size(); ++i) {
        const int position = static_cast<int>(i);
        show_group(demand.groups[i], position < message.groups_size()
                                         ? *message.mutable_groups(position)
                                         : *message.add_groups());
    }
    message.set_priority(shown_priority(demand.priority));
    message.set_preemptible(demand.preemption == core::Preemption::Allowed);
    if (demand.time_limit) {
        *message.mutable_time_limit() = from_duration(*demand.time_limit);
    }
    message.set_exclusive(demand.sharing == core::Sharing::Exclusive);
    if (demand.topology) {
        v1::Topology& topology = *message.mutable_topology();
        topology.set_level(demand.topology->level);
        topology.set_required(demand.topology->closeness == core::Closeness::Required);
        *topology.mutable_wait() = from_duration(demand.topology->wait);
    }
}

}  // namespace

v1::JobSpec to_proto_spec(const core::State& state, const core::Job& job) {
    const core::JobSpec& spec = *job.spec;
    v1::JobSpec message;
    check(message.ParseFromString(spec.payload),
          "the payload of a job is what to_submission() made");
    message.set_name(spec.name);
    show_demand(state, *spec.demand, message);
    for (const core::Dependency& dependency : spec.dependencies) {
        v1::Dependency& shown = *message.add_dependencies();
        shown.set_condition(shown_condition(dependency.condition));
        for (const JobId id : dependency.jobs) {
            shown.add_job_ids(job_id_text(state, id));
        }
    }
    if (spec.retry.retries > 0) {
        message.mutable_retry()->set_retries(spec.retry.retries);
        v1::RetryPolicy& retry = *message.mutable_retry();
        *retry.mutable_backoff() = from_duration(spec.retry.backoff);
        retry.mutable_exit_codes()->Add(spec.retry.exit_codes.begin(), spec.retry.exit_codes.end());
        retry.mutable_final_exit_codes()->Add(spec.retry.final_exit_codes.begin(),
                                              spec.retry.final_exit_codes.end());
    }
    message.mutable_checkpoint()->set_signal(spec.stop_signal);
    *message.mutable_checkpoint()->mutable_grace() = from_duration(spec.stop_grace);
    if (spec.begin > Time()) {
        *message.mutable_begin() = from_time(spec.begin);
    }
    if (spec.deadline) {
        *message.mutable_deadline() = from_time(*spec.deadline);
    }
    return message;
}

}  // namespace gusu::wire
