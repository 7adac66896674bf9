#include "scheduler/core/policy/plan.h"

#include <algorithm>

#include "scheduler/core/policy/windows.h"

namespace gusu::core {
namespace {

Room empty_room(const Node& node) {
    return {.milli_cpus = node.description.milli_cpus,
            .memory = node.description.memory,
            .device_milli = std::vector<int>(node.description.devices.size(), kWholeDevice)};
}

}  // namespace

Plan::Plan(const State& state, View view, const NodeIndex& nodes)
    : state_(&state),
      view_(view),
      nodes_(&nodes),
      changed_(std::make_shared<std::map<NodeId, Room>>()) {}

Room Plan::room(const Node& node) const {
    if (const auto found = changed_->find(node.id); found != changed_->end()) {
        return found->second;
    }
    return view_ == View::Now ? node.room : empty_room(node);
}

bool Plan::admits(const Demand& demand, const Node& node) const {
    return !now_ || window_in_the_way(*state_, demand, node.id, *now_) == nullptr;
}

Room& Plan::change(const Node& node) {
    if (changed_.use_count() > 1) {
        changed_ = std::make_shared<std::map<NodeId, Room>>(*changed_);
    }
    const auto found = changed_->lower_bound(node.id);
    if (found != changed_->end() && found->first == node.id) {
        return found->second;
    }
    return changed_->emplace_hint(found, node.id, view_ == View::Now ? node.room : empty_room(node))
        ->second;
}

void Plan::take(const PlacedTask& task, const Resources& each) {
    Room& room = change(*state_->node(task.node));
    room.milli_cpus -= each.milli_cpus;
    room.memory -= each.memory;
    for (const int device : task.devices) {
        room.device_milli[static_cast<std::size_t>(device)] -= task.milli_per_device;
    }
}

void Plan::keep(const PlacedTask& task, const Resources& each) {
    Room& room = change(*state_->node(task.node));
    room.milli_cpus = room.milli_cpus.minus_at_most(each.milli_cpus);
    room.memory = room.memory.minus_at_most(each.memory);
    for (const int device : task.devices) {
        const auto at = static_cast<std::size_t>(device);
        if (at < room.device_milli.size()) {
            room.device_milli[at] = std::max(0, room.device_milli[at] - task.milli_per_device);
        }
    }
}

void Plan::release(const Job& placed) {
    const auto& tasks = std::get<Placed>(placed.state).tasks;
    for (std::size_t rank = 0; rank < tasks.size(); ++rank) {
        release(placed, static_cast<int>(rank));
    }
}

void Plan::release(const Job& placed, int rank) {
    const PlacedTask& task = std::get<Placed>(placed.state).tasks[static_cast<std::size_t>(rank)];
    const Node& node = *state_->node(task.node);
    if (task.leaving || !node.room_is_exact) {
        return;
    }
    const Resources& each = placed.demand().groups[static_cast<std::size_t>(task.group)].per_task;
    Room& room = change(node);
    room.milli_cpus += each.milli_cpus;
    room.memory += each.memory;
    for (const int device : task.devices) {
        room.device_milli[static_cast<std::size_t>(device)] += task.milli_per_device;
    }
}

NodeIndex empty_nodes(const State& state) {
    NodeIndex nodes;
    for (const auto& [id, node] : state.nodes()) {
        nodes.learn(node.description);
        nodes.put(node, empty_room(node));
    }
    return nodes;
}

}  // namespace gusu::core
