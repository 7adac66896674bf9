#include <algorithm>

#include "scheduler/core/policy/enclosure.h"
#include "scheduler/core/policy/quota.h"
#include "scheduler/wire/amounts.h"
#include "scheduler/wire/show.h"

namespace gusu::wire {
namespace {

constexpr double kMilliMsPerHour = 1000.0 * 3'600'000.0;

bool is_simulated(const core::State& state, const std::string& accelerator) {
    const auto seen = state.accelerators_seen().find(accelerator);
    return seen != state.accelerators_seen().end() && seen->second == core::Reality::Simulated;
}

v1::NodeState state_of(const core::Node& node) {
    if (std::holds_alternative<core::Unreachable>(node.contact)) {
        return v1::NODE_STATE_UNREACHABLE;
    }
    if (std::holds_alternative<core::Lost>(node.contact)) {
        return v1::NODE_STATE_LOST;
    }
    return node.drained ? v1::NODE_STATE_DRAINED : v1::NODE_STATE_READY;
}

Time last_seen(const core::Node& node, Time now) {
    if (const auto* unreachable = std::get_if<core::Unreachable>(&node.contact)) {
        return unreachable->since;
    }
    const auto* lost = std::get_if<core::Lost>(&node.contact);
    return lost == nullptr ? now : lost->since;
}

// Thousandths of the device at this position in use.
int allocated(const core::Node& node, std::size_t position) {
    return position < node.room.device_milli.size() ? 1000 - node.room.device_milli[position] : 0;
}

void show_devices(const core::Node& node, v1::NodeInventory& inventory) {
    const auto& devices = node.description.devices;
    for (std::size_t i = 0; i < devices.size(); ++i) {
        v1::Device& shown = *inventory.add_devices();
        shown.set_index(devices[i].index);
        shown.set_uuid(devices[i].uuid);
        shown.set_accelerator(devices[i].accelerator);
        shown.set_memory(devices[i].memory.units());
        shown.set_simulated(devices[i].reality == core::Reality::Simulated);
        shown.set_healthy(devices[i].health == core::Health::Healthy);
        shown.set_quarantined(devices[i].health == core::Health::Quarantined);
        shown.set_health_detail(devices[i].health_detail);
        shown.set_numa_node(devices[i].numa_node);
        if (devices[i].link_group) {
            shown.set_link_group(*devices[i].link_group);
        }
        shown.set_slices(devices[i].slices);
        shown.set_allocated(from_milli(allocated(node, i)));
    }
}

// As jobs see them: those set by operators win, and an empty value takes a label away.
void show_labels(const core::Node& node, v1::NodeInventory& inventory) {
    auto& labels = *inventory.mutable_labels();
    labels.insert(node.description.labels.begin(), node.description.labels.end());
    for (const auto& [key, value] : node.labels_set) {
        if (value.empty()) {
            labels.erase(key);
        } else {
            labels[key] = value;
        }
    }
}

void show_inventory(const core::Node& node, v1::NodeInventory& inventory) {
    inventory.set_address(node.description.address);
    inventory.set_cpus(from_milli(node.description.milli_cpus.units()));
    inventory.set_memory(node.description.memory.units());
    show_devices(node, inventory);
    show_labels(node, inventory);
    for (const std::string& runtime : node.description.runtimes) {
        inventory.add_runtimes(runtime);
    }
    inventory.set_agent_version(node.description.agent_version);
}

v1::Role shown_role(core::Role role) {
    switch (role) {
        case core::Role::Researcher:
            return v1::ROLE_RESEARCHER;
        case core::Role::TenantAdmin:
            return v1::ROLE_TENANT_ADMIN;
        case core::Role::Operator:
            return v1::ROLE_OPERATOR;
        case core::Role::SystemAdmin:
            return v1::ROLE_SYSTEM_ADMIN;
        case core::Role::SecurityAdmin:
            return v1::ROLE_SECURITY_ADMIN;
        case core::Role::Auditor:
            return v1::ROLE_AUDITOR;
    }
    return v1::ROLE_UNSPECIFIED;
}

v1::DataClass shown_class(core::DataClass data_class) {
    switch (data_class) {
        case core::DataClass::Public:
            return v1::DATA_CLASS_PUBLIC;
        case core::DataClass::Internal:
            return v1::DATA_CLASS_INTERNAL;
        case core::DataClass::Sensitive:
            return v1::DATA_CLASS_SENSITIVE;
    }
    return v1::DATA_CLASS_UNSPECIFIED;
}

}  // namespace

v1::Tenant to_proto(const core::State& state, const core::Tenant& tenant) {
    v1::Tenant shown;
    shown.set_path(tenant.path);
    shown.set_display_name(tenant.description.display_name);
    shown.set_status(tenant.description.status == core::TenantStatus::Suspended
                         ? v1::TENANT_STATUS_SUSPENDED
                         : v1::TENANT_STATUS_ACTIVE);
    shown.set_max_pending_jobs(tenant.description.max_pending_jobs);
    shown.set_max_running_jobs(tenant.description.max_running_jobs);
    shown.mutable_labels()->insert(tenant.description.labels.begin(),
                                   tenant.description.labels.end());
    *shown.mutable_created_at() = from_time(tenant.created);
    shown.set_data_class(shown_class(tenant.description.data_class));
    shown.set_data_class_now(shown_class(core::data_class(state, tenant)));
    return shown;
}

v1::Quota to_proto_quota(const core::State& state, const core::Tenant& tenant,
                         const std::string& accelerator, Amount lent) {
    v1::Quota shown;
    shown.set_tenant(tenant.path);
    shown.set_accelerator(accelerator);
    const auto found = tenant.quotas.find(accelerator);
    const core::Quota quota = found == tenant.quotas.end() ? core::Quota{} : found->second;
    const auto holding = tenant.used.find(accelerator);
    const Amount used = holding == tenant.used.end() ? Amount() : holding->second;
    shown.set_guaranteed(from_milli(quota.guaranteed.units()));
    if (quota.limit) {
        shown.set_limit(from_milli(quota.limit->units()));
    }
    if (quota.lendable) {
        shown.set_lendable(from_milli(quota.lendable->units()));
    }
    shown.set_lendable_now(from_milli(core::lendable(state.policy(), quota).units()));
    shown.set_guaranteed_nodes(quota.guaranteed_nodes);
    shown.set_used(from_milli(used.units()));
    shown.set_borrowed(from_milli(used.minus_at_most(quota.guaranteed).units()));
    shown.set_lent(from_milli(lent.units()));
    shown.set_simulated(is_simulated(state, accelerator));
    return shown;
}

v1::Node to_proto(const core::State& state, const core::Node& node, Time now) {
    v1::Node shown;
    shown.set_name(node.description.name);
    shown.set_state(state_of(node));
    show_inventory(node, *shown.mutable_inventory());
    const auto& description = node.description;
    shown.set_cpus_used(
        from_milli(description.milli_cpus.minus_at_most(node.room.milli_cpus).units()));
    shown.set_memory_used(description.memory.minus_at_most(node.room.memory).units());
    int in_use = 0;
    for (std::size_t i = 0; i < description.devices.size(); ++i) {
        in_use += allocated(node, i);
    }
    shown.set_gpus(static_cast<double>(description.devices.size()));
    shown.set_gpus_used(from_milli(in_use));
    shown.set_drain_reason(node.drained.value_or(node.drains ? node.drains->reason : ""));
    if (node.drains) {
        *shown.mutable_drains_at() = from_time(node.drains->at);
    }
    *shown.mutable_last_seen() = from_time(last_seen(node, now));
    shown.set_failed_fast(static_cast<int>(node.fast_failures.size()));
    shown.set_drained_as_black_hole(node.drained &&
                                    node.drain_cause == core::DrainCause::BlackHole);
    JobId last;
    for (const core::TaskRef& task : node.tasks) {
        if (task.job != last) {
            shown.add_job_ids(job_id_text(state, task.job));
        }
        last = task.job;
    }
    return shown;
}

v1::Usage to_proto(const core::State& state, const UsageTotal& total) {
    v1::Usage shown;
    shown.set_tenant(total.tenant);
    shown.set_user(total.user);
    shown.set_accelerator(total.accelerator);
    shown.set_gpu_hours(total.milli_gpu_ms / kMilliMsPerHour);
    shown.set_cpu_hours(total.milli_cpu_ms / kMilliMsPerHour);
    shown.set_jobs(total.jobs);
    shown.set_simulated(is_simulated(state, total.accelerator));
    return shown;
}

v1::Token to_proto(const core::TokenRecord& token) {
    v1::Token shown;
    shown.set_id(token.id);
    shown.set_user(token.user);
    shown.set_node(token.node);
    *shown.mutable_created_at() = from_time(token.created);
    *shown.mutable_expires_at() = from_time(token.expires);
    shown.set_used(!token.used_by.empty());
    return shown;
}

v1::Grant to_proto(const core::State& state, const core::Grant& grant) {
    v1::Grant shown;
    shown.set_user(grant.user);
    shown.set_role(shown_role(grant.role));
    if (const core::Tenant* tenant = state.tenant(grant.tenant)) {
        shown.set_tenant(tenant->path);
    }
    return shown;
}

Result<core::Role> to_role(const Field& field, v1::Role role) {
    switch (role) {
        case v1::ROLE_RESEARCHER:
            return core::Role::Researcher;
        case v1::ROLE_TENANT_ADMIN:
            return core::Role::TenantAdmin;
        case v1::ROLE_OPERATOR:
            return core::Role::Operator;
        case v1::ROLE_SYSTEM_ADMIN:
            return core::Role::SystemAdmin;
        case v1::ROLE_SECURITY_ADMIN:
            return core::Role::SecurityAdmin;
        case v1::ROLE_AUDITOR:
            return core::Role::Auditor;
        default:
            break;
    }
    return refuse(field, std::to_string(static_cast<int>(role)), "is no role",
                  "ROLE_RESEARCHER, ROLE_TENANT_ADMIN, ROLE_OPERATOR, ROLE_SYSTEM_ADMIN, "
                  "ROLE_SECURITY_ADMIN, ROLE_AUDITOR");
}

Result<core::TenantStatus> to_tenant_status(const Field& field, v1::TenantStatus status) {
    switch (status) {
        case v1::TENANT_STATUS_UNSPECIFIED:
        case v1::TENANT_STATUS_ACTIVE:
            return core::TenantStatus::Active;
        case v1::TENANT_STATUS_SUSPENDED:
            return core::TenantStatus::Suspended;
        default:
            break;
    }
    return refuse(field, std::to_string(static_cast<int>(status)), "is no status",
                  "TENANT_STATUS_ACTIVE, TENANT_STATUS_SUSPENDED");
}

Result<core::DataClass> to_data_class(const Field& field, v1::DataClass data_class) {
    switch (data_class) {
        case v1::DATA_CLASS_UNSPECIFIED:
        case v1::DATA_CLASS_PUBLIC:
            return core::DataClass::Public;
        case v1::DATA_CLASS_INTERNAL:
            return core::DataClass::Internal;
        case v1::DATA_CLASS_SENSITIVE:
            return core::DataClass::Sensitive;
        default:
            break;
    }
    return refuse(field, std::to_string(static_cast<int>(data_class)), "is no data class",
                  "DATA_CLASS_PUBLIC, DATA_CLASS_INTERNAL, DATA_CLASS_SENSITIVE");
}

}  // namespace gusu::wire
