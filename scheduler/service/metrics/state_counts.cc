#include "scheduler/service/metrics/state_counts.h"

#include "scheduler/wire/show.h"

namespace gusu::service {
namespace {

v1::NodeState state_of(const core::Node& node) {
    if (std::holds_alternative<core::Unreachable>(node.contact)) {
        return v1::NODE_STATE_UNREACHABLE;
    }
    if (std::holds_alternative<core::Lost>(node.contact)) {
        return v1::NODE_STATE_LOST;
    }
    return node.drained ? v1::NODE_STATE_DRAINED : v1::NODE_STATE_READY;
}

void count_device(const core::Node& node, std::size_t position, GpuCounts& counts) {
    const core::DeviceDescription& device = node.description.devices[position];
    const std::int64_t free =
        position < node.room.device_milli.size() ? node.room.device_milli[position] : 0;
    counts.allocated += 1000 - free;
    counts.simulated = counts.simulated || device.reality == core::Reality::Simulated;
    if (device.health == core::Health::Quarantined) {
        counts.quarantined += free;
    } else if (device.health == core::Health::Unhealthy || !node.in_contact()) {
        counts.unhealthy += free;
    } else if (node.drained) {
        counts.draining += free;
    } else {
        counts.free += free;
    }
}

}  // namespace

std::map<std::string, GpuCounts> count_gpus(const core::State& state) {
    std::map<std::string, GpuCounts> counts;
    for (const auto& [id, node] : state.nodes()) {
        for (std::size_t i = 0; i < node.description.devices.size(); ++i) {
            count_device(node, i, counts[node.description.devices[i].accelerator]);
        }
    }
    return counts;
}

std::map<v1::NodeState, std::int64_t> count_nodes(const core::State& state) {
    std::map<v1::NodeState, std::int64_t> counts{{v1::NODE_STATE_READY, 0},
                                                 {v1::NODE_STATE_DRAINED, 0},
                                                 {v1::NODE_STATE_UNREACHABLE, 0},
                                                 {v1::NODE_STATE_LOST, 0}};
    for (const auto& [id, node] : state.nodes()) {
        ++counts[state_of(node)];
    }
    return counts;
}

JobsByTenant count_jobs(const core::State& state) {
    JobsByTenant counts;
    for (const auto& [id, tenant] : state.tenants()) {
        counts[tenant.path][v1::JOB_STATE_PENDING] += tenant.pending_jobs;
        if (const core::Tenant* parent = state.tenant(tenant.parent)) {
            counts[parent->path][v1::JOB_STATE_PENDING] -= tenant.pending_jobs;
        }
    }
    for (const auto& [incarnation, id] : state.placed()) {
        const core::Job& job = *state.job(id);
        if (const core::Tenant* tenant = state.tenant(job.demand().tenant)) {
            ++counts[tenant->path][wire::shown_state(state, job)];
        }
    }
    return counts;
}

std::map<core::WaitReason, std::int64_t> count_waiting(const core::State& state, Time now) {
    core::Feasibility feasibility;
    return core::waiting_by_reason(state, feasibility, now);
}

}  // namespace gusu::service
