// To agents: what to start, and how to end it.
#include <algorithm>
#include <bit>
#include <map>

#include "scheduler/wire/agent.h"
#include "scheduler/wire/amounts.h"
#include "scheduler/wire/job_text.h"
#include "scheduler/wire/show.h"

namespace gusu::wire {
namespace {

void set_identity(const core::State& state, const core::Job& job, v1::Launch& launch) {
    launch.set_job_id(job.id.value);
    launch.set_job_id_text(job_id_text(state, job));
    launch.set_job_name(job.spec->name);
    if (const core::Tenant* tenant = state.tenant(job.demand().tenant)) {
        launch.set_tenant(tenant->path);
        launch.set_tenant_id(tenant->id.value);
    }
    launch.set_user(job.spec->user);
    launch.set_attempt(job.attempt);
    if (job.array) {
        const core::Array* array = state.array(job.array->array);
        launch.set_is_array(true);
        launch.set_array_id(job.array->array.value);
        launch.set_array_index(job.array->index);
        launch.set_array_size(array == nullptr ? 0 : static_cast<int>(array->indices.size()));
    }
}

void set_program(const core::JobSpec& spec, int group, v1::Launch& launch) {
    v1::JobSpec payload;
    check(payload.ParseFromString(spec.payload),
          "the payload of a job is what to_submission() made");
    const bool own_command =
        group < payload.groups_size() && !payload.groups(group).command().empty();
    *launch.mutable_command() = own_command ? payload.groups(group).command() : payload.command();
    launch.set_script(payload.script());
    *launch.mutable_env() = payload.env();
    launch.set_workdir(payload.workdir());
    launch.set_output(payload.output());
    launch.set_error(payload.error());
    launch.set_image(payload.image());
    launch.set_launch_mode(payload.launch_mode());
    launch.set_stop_signal(spec.stop_signal);
    *launch.mutable_stop_grace() = from_duration(spec.stop_grace);
    if (spec.demand->time_limit) {
        *launch.mutable_time_limit() = from_duration(*spec.demand->time_limit);
    }
}

void set_share(const core::Node& node, const core::PlacedTask& task, v1::Launch& launch) {
    const auto& devices = node.description.devices;
    for (const int position : task.devices) {
        // A node that came back with fewer devices is told the number it once gave; it will refuse.
        const auto known = static_cast<std::size_t>(position) < devices.size();
        launch.add_devices(known ? devices[static_cast<std::size_t>(position)].index : position);
    }
    launch.set_milli_gpus_per_device(task.milli_per_device);
    if (task.slices != 0) {
        launch.set_first_slice(std::countr_zero(task.slices));
        launch.set_slices(core::count_slices(task.slices));
    }
}

// Names of the nodes by first rank, and where this task stands among them.
void set_gang(const core::State& state, const std::vector<core::PlacedTask>& tasks, int rank,
              v1::Launch& launch) {
    const NodeId here = tasks[static_cast<std::size_t>(rank)].node;
    std::vector<NodeId> nodes;
    std::map<NodeId, int> tasks_of_nodes;
    int on_this_node = 0;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        if (++tasks_of_nodes[tasks[i].node] == 1) {
            nodes.push_back(tasks[i].node);
            launch.add_node_list(state.node(tasks[i].node)->description.name);
        }
        if (static_cast<int>(i) == rank) {
            launch.set_local_rank(on_this_node);
        }
        on_this_node += tasks[i].node == here ? 1 : 0;
    }
    for (const NodeId node : nodes) {
        launch.add_tasks_of_nodes(tasks_of_nodes[node]);
    }
    launch.set_task_count(static_cast<int>(tasks.size()));
    launch.set_node_rank(static_cast<int>(std::ranges::find(nodes, here) - nodes.begin()));
    launch.set_tasks_on_node(on_this_node);
    launch.set_master_address(state.node(nodes.front())->description.address);
}

}  // namespace

int master_port(IncarnationId incarnation) {
    return 20'000 + static_cast<int>(incarnation.value % 20'000);
}

v1::Launch to_launch(const core::State& state, const core::Job& job, int task) {
    const auto& placed = std::get<core::Placed>(job.state);
    const core::PlacedTask& placement = placed.tasks.at(static_cast<std::size_t>(task));
    const core::TaskGroup& group =
        job.demand().groups.at(static_cast<std::size_t>(placement.group));
    v1::Launch launch;
    set_identity(state, job, launch);
    set_program(*job.spec, placement.group, launch);
    set_share(*state.node(placement.node), placement, launch);
    launch.set_gpu_slice(group.slice ? group.slice->name : "");
    set_gang(state, placed.tasks, task, launch);
    launch.set_milli_cpus(group.per_task.milli_cpus.units());
    launch.set_memory(group.per_task.memory.units());
    launch.set_group(group.name);
    launch.set_master_port(master_port(placed.incarnation));
    return launch;
}

v1::StopOrder to_stop_order(const core::State&, const core::Job& job) {
    v1::StopOrder order;
    order.set_signal(job.spec->stop_signal);
    *order.mutable_grace() = from_duration(job.spec->stop_grace);
    const auto* placed = std::get_if<core::Placed>(&job.state);
    if (placed == nullptr) {
        return order;
    }
    if (!placed->stopping) {
        order.set_why("SHRUNK");
        return order;
    }
    if (placed->stopping->saved) {
        *order.mutable_grace() = from_duration(Duration(0));
    }
    const core::EndReason reason = placed->stopping->because.reason;
    const bool is_cancelled =
        reason == core::EndReason::CancelledByUser || reason == core::EndReason::CancelledByAdmin;
    order.set_why(is_cancelled ? "CANCELLED" : short_name(shown_reason(reason)));
    return order;
}

}  // namespace gusu::wire
