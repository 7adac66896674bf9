#include "scheduler/core/policy/plan.h"

#include <algorithm>

#include "scheduler/core/policy/confines.h"
#include "scheduler/core/policy/enclosure.h"
#include "scheduler/core/policy/windows.h"

namespace gusu::core {
Plan::Plan(const State& state, View view, const NodeIndex& nodes)
    : state_(&state),
      view_(view),
      nodes_(&nodes),
      changed_(std::make_shared<std::map<NodeId, Room>>()) {}

Room Plan::room(const Node& node) const {
    if (const auto found = changed_->find(node.id); found != changed_->end()) {
        return found->second;
    }
    return view_ == View::Now ? node.room : whole_room(node.description);
}

bool Plan::admits(const Demand& demand, const Node& node) const {
    return !now_ || window_in_the_way(*state_, demand, node.id, *now_) == nullptr;
}

bool Plan::may_share(const Demand& demand, const Node& node) const {
    return !counts_occupants() || occupants(node).are_all_of(enclosure_of(*state_, demand.tenant));
}

const Occupants& Plan::occupants(const Node& node) const {
    if (occupants_ != nullptr) {
        if (const auto found = occupants_->find(node.id); found != occupants_->end()) {
            return found->second;
        }
    }
    return state_->occupants(node.id);
}

Occupants& Plan::change_occupants(const Node& node) {
    if (occupants_ == nullptr) {
        occupants_ = std::make_shared<std::map<NodeId, Occupants>>();
    } else if (occupants_.use_count() > 1) {
        occupants_ = std::make_shared<std::map<NodeId, Occupants>>(*occupants_);
    }
    return occupants_->try_emplace(node.id, state_->occupants(node.id)).first->second;
}

bool Plan::is_untouched(const Node& node) const {
    return (view_ == View::Empty || node.room_is_exact) &&
           room(node) == whole_room(node.description);
}

bool Plan::allows(const Node& node) const { return confines_ == nullptr || confines_->allow(node); }

Room& Plan::change(const Node& node) {
    if (changed_.use_count() > 1) {
        changed_ = std::make_shared<std::map<NodeId, Room>>(*changed_);
    }
    const auto found = changed_->lower_bound(node.id);
    if (found != changed_->end() && found->first == node.id) {
        return found->second;
    }
    return changed_
        ->emplace_hint(found, node.id,
                       view_ == View::Now ? node.room : whole_room(node.description))
        ->second;
}

void give_back(const PlacedTask& task, const Resources& each, Room& room) {
    const Resources held = task.holds(each);
    room.milli_cpus += held.milli_cpus;
    room.memory += held.memory;
    task.each_share([&](const DeviceShare& share) { room.give_back(share); });
}

namespace {

const Resources& each_of(const Demand& demand, const PlacedTask& task) {
    return demand.groups[static_cast<std::size_t>(task.group)].per_task;
}

}  // namespace

void Plan::take(const PlacedTask& task, const Demand& demand) {
    const Node& node = *state_->node(task.node);
    Room& room = change(node);
    const Resources held = task.holds(each_of(demand, task));
    room.milli_cpus -= held.milli_cpus;
    room.memory -= held.memory;
    task.each_share([&](const DeviceShare& share) { room.take(share); });
    if (counts_occupants()) {
        change_occupants(node).come(enclosure_of(*state_, demand.tenant));
    }
}

void Plan::keep(const PlacedTask& task, const Demand& demand) {
    const Node& node = *state_->node(task.node);
    Room& room = change(node);
    const Resources held = task.holds(each_of(demand, task));
    room.milli_cpus = room.milli_cpus.minus_at_most(held.milli_cpus);
    room.memory = room.memory.minus_at_most(held.memory);
    task.each_share([&](const DeviceShare& share) { room.keep(share); });
    if (counts_occupants()) {
        change_occupants(node).come(enclosure_of(*state_, demand.tenant));
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
    if (!task.leaving && node.room_is_exact) {
        give_back(task, each_of(placed.demand(), task), change(node));
        if (counts_occupants()) {
            change_occupants(node).go(enclosure_of(*state_, placed.demand().tenant));
        }
    }
}

NodeIndex empty_nodes(const State& state) {
    NodeIndex nodes(NodeIndex::Offers::All);
    for (const auto& [id, node] : state.nodes()) {
        nodes.learn(node.description);
        nodes.put(node, whole_room(node.description));
    }
    return nodes;
}

}  // namespace gusu::core
