#include "scheduler/core/apply/apply.h"

namespace gusu::core {

void State::Apply::count_devices(const NodeDescription& node, int nodes) {
    std::map<std::string, int> devices;
    for (const DeviceDescription& device : node.devices) {
        ++devices[device.accelerator];
    }
    for (const auto& [accelerator, number] : devices) {
        const Amount gpus = Amount(kWholeDevice).times(number);
        nodes > 0 ? state.gpus_[accelerator] += gpus : state.gpus_[accelerator] -= gpus;
        std::map<int, int>& sizes = state.node_sizes_[accelerator];
        if ((sizes[number] += nodes) == 0) {
            sizes.erase(number);
        }
    }
}

void State::Apply::set_contact(Node& node, const Contact& contact) {
    if (const auto* out = std::get_if<Unreachable>(&node.contact)) {
        state.leases_.erase({out->lease_ends, node.id});
    }
    state.lost_nodes_ -= std::holds_alternative<Lost>(node.contact) ? 1 : 0;
    node.contact = contact;
    if (const auto* out = std::get_if<Unreachable>(&node.contact)) {
        state.leases_.insert({out->lease_ends, node.id});
    }
    state.lost_nodes_ += std::holds_alternative<Lost>(node.contact) ? 1 : 0;
}

void State::Apply::operator()(const NodeJoined& event) {
    given(event.node.value);
    const bool is_new = !state.nodes_.contains(event.node);
    Node& joined = state.nodes_[event.node];
    if (is_new) {
        joined.id = event.node;
        state.node_by_name_[event.description.name] = event.node;
    }
    if (is_new || joined.description != event.description) {
        ++state.inventory_version_;
    }
    count_devices(joined.description, -1);
    count_devices(event.description, +1);
    joined.description = event.description;
    joined.boot_id = event.boot_id;
    set_contact(joined, InContact{event.session});
    measure_room(joined);
    state.open_nodes_.learn(joined.description);
    index(joined);
    for (const DeviceDescription& device : event.description.devices) {
        state.accelerators_seen_[device.accelerator] = device.reality;
    }
    offer(joined);
}

// Also where a node goes jobs are asked again: tasks may be spread over fewer domains without it.
void State::Apply::operator()(const NodeContactLost& event) {
    Node& out = node(event.node);
    const auto* before = std::get_if<Unreachable>(&out.contact);
    const Time since = event.awaited && before != nullptr ? before->since : at;
    set_contact(out, Unreachable{since, event.lease_ends, event.awaited});
    index(out);
    offer(out);
}

void State::Apply::operator()(const NodeLost& event) {
    Node& lost = node(event.node);
    set_contact(lost, Lost{at});
    index(lost);
}

void State::Apply::operator()(const NodeDrained& event) {
    Node& drained = node(event.node);
    drained.drained = event.reason;
    drained.drain_cause = event.cause;
    state.suspects_.erase(event.node);
    plan_drain(drained, std::nullopt);
    index(drained);
    offer(drained);
}

void State::Apply::operator()(const NodeDrainPlanned& event) {
    plan_drain(node(event.node), event.drain);
    offer(node(event.node));  // it may be later than planned before
}

void State::Apply::operator()(const NodeResumed& event) {
    Node& resumed = node(event.node);
    resumed.drained.reset();
    does_well(resumed);
    plan_drain(resumed, std::nullopt);
    index(resumed);
    offer(resumed);
}

void State::Apply::operator()(const NodeLabelled& event) {
    Node& labelled = node(event.node);
    labelled.labels_set = event.labels;
    ++state.inventory_version_;
    offer(labelled);
}

void State::Apply::operator()(const NodeRestored& event) {
    (*this)(NodeJoined{.node = event.node,
                       .description = event.description,
                       .boot_id = event.boot_id,
                       .session = {}});
    Node& restored = node(event.node);
    set_contact(restored, event.contact);
    restored.drained = event.drained;
    restored.drain_cause = event.drain_cause;
    restored.fast_failures = event.fast_failures;
    suspect(restored);
    restored.labels_set = event.labels_set;
    plan_drain(restored, event.drains);
    index(restored);
}

}  // namespace gusu::core
