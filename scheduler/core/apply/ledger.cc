// What placed jobs hold: rooms of nodes, use of quota, counts of jobs.
#include <algorithm>

#include "scheduler/core/apply/apply.h"

namespace gusu::core {
namespace {

// False if the node no longer has so much: it came back smaller than what runs on it.
bool take(Room& room, const PlacedTask& task, const Resources& each) {
    const Resources held = task.holds(each);
    const bool enough = room.milli_cpus >= held.milli_cpus && room.memory >= held.memory;
    room.milli_cpus = room.milli_cpus.minus_at_most(held.milli_cpus);
    room.memory = room.memory.minus_at_most(held.memory);
    bool devices_there = true;
    task.each_share([&](const DeviceShare& share) {
        const bool has_it = room.take(share);
        devices_there = devices_there && has_it;
    });
    return enough && devices_there;
}

void give_back(Room& room, const PlacedTask& task, const Resources& each) {
    const Resources held = task.holds(each);
    room.milli_cpus += held.milli_cpus;
    room.memory += held.memory;
    task.each_share([&](const DeviceShare& share) {
        const auto at = static_cast<std::size_t>(share.device);
        check((room.slices_of(at) & share.slices) == 0, "a slice that is given back was held");
        room.give_back(share);
        check(room.device_milli[at] <= kWholeDevice, "a device never has more than itself free");
    });
}

// Where it still holds something.
std::set<NodeId> nodes_of(const std::vector<PlacedTask>& tasks) {
    std::set<NodeId> nodes;
    for (const PlacedTask& task : tasks) {
        if (!task.left()) {
            nodes.insert(task.node);
        }
    }
    return nodes;
}

}  // namespace

// From nothing, so that a node which shrank below its tasks is right again as soon as they leave.
void State::Apply::measure_room(Node& measured) {
    Room& room = measured.room;
    room = whole_room(measured.description);
    measured.room_is_exact = true;
    bool is_exclusive = false;
    for (const TaskRef& held : measured.tasks) {
        const Job& holder = job(held.job);
        const PlacedTask& task =
            std::get<Placed>(holder.state).tasks[static_cast<std::size_t>(held.task)];
        const TaskGroup& group = holder.demand().groups[static_cast<std::size_t>(task.group)];
        measured.room_is_exact &= take(room, task, group.per_task);
        is_exclusive |= holder.demand().sharing == Sharing::Exclusive;
    }
    // The node came back larger than what an exclusive job has of it: nothing comes beside it.
    if (is_exclusive && !room.is_nothing()) {
        room = {.milli_cpus = {},
                .memory = {},
                .device_milli = std::vector<int>(room.device_milli.size(), 0),
                .slices = std::vector<Slices>(room.slices.size(), Slices{0})};
        measured.room_is_exact = false;
    }
}

// Whenever something free on the node, or whether it takes work, may have changed.
void State::Apply::index(const Node& indexed) {
    if (indexed.takes_work()) {
        state.open_nodes_.put(indexed, indexed.room);
    } else {
        state.open_nodes_.drop(indexed.id);
    }
    if (state.whole_nodes_.is_guaranteed_to_somebody()) {
        note_holding(indexed);
    }
}

void State::Apply::count_typical(const Demand& demand, std::int64_t jobs) {
    state.typical_tasks_.count(demand, jobs);
    state.typical_tasks_.weigh_if_stale(state.open_nodes_);
}

void State::Apply::offer(const Node& offered, std::optional<Room> before) {
    state.pending_.capacity_freed(offered.accelerators(), state.tree());
    hope_for_node(offered, std::move(before));
}

void State::Apply::hope_for_node(const Node& node, std::optional<Room> before) {
    const auto [known, is_new] = state.hopeful_nodes_.try_emplace(node.id, before);
    if (!is_new && !before) {
        known->second.reset();
    }
}

void State::Apply::hold(const Job& holder, Taken taken) {
    const auto& tasks = std::get<Placed>(holder.state).tasks;
    for (std::size_t rank = 0; rank < tasks.size(); ++rank) {
        const PlacedTask& task = tasks[rank];
        if (task.left()) {
            continue;
        }
        Node& on = node(task.node);
        comes(holder, task.node, taken);
        on.tasks.insert({holder.id, static_cast<int>(rank)});
        const TaskGroup& group = holder.demand().groups[static_cast<std::size_t>(task.group)];
        const bool has_it = take(on.room, task, group.per_task);
        check(has_it || taken == Taken::Before, "what is placed now was free until now");
        on.room_is_exact = on.room_is_exact && has_it;
    }
    for (const NodeId id : nodes_of(tasks)) {
        index(node(id));
    }
    state.typical_tasks_.weigh_if_stale(state.open_nodes_);
    charge(holder, gpus_held(tasks), Charge::More);
}

void State::Apply::release(const Job& holder) {
    const auto& tasks = std::get<Placed>(holder.state).tasks;
    std::map<NodeId, Room> before;
    for (const NodeId id : nodes_of(tasks)) {
        before.emplace(id, node(id).room);
    }
    for (std::size_t rank = 0; rank < tasks.size(); ++rank) {
        if (!tasks[rank].left()) {
            vacate(holder, static_cast<int>(rank));
        }
    }
    reopen(std::move(before));
    charge(holder, gpus_held(tasks), Charge::Less);
}

void State::Apply::leave(const Job& holder, int rank) {
    PlacedTask gone = std::get<Placed>(holder.state).tasks[static_cast<std::size_t>(rank)];
    std::map<NodeId, Room> before{{gone.node, node(gone.node).room}};
    vacate(holder, rank);
    reopen(std::move(before));
    gone.leaving.reset();
    charge(holder, gpus_held({gone}), Charge::Less);
    for (const TenantId id : tenant(holder.demand().tenant).lineage) {
        state.pending_.tenant_freed(id, state.tree());
    }
}

void State::Apply::vacate(const Job& holder, int rank) {
    const PlacedTask& task = std::get<Placed>(holder.state).tasks[static_cast<std::size_t>(rank)];
    Node& on = node(task.node);
    on.tasks.erase({holder.id, rank});
    goes(holder, task.node);
    if (on.room_is_exact) {
        const TaskGroup& group = holder.demand().groups[static_cast<std::size_t>(task.group)];
        give_back(on.room, task, group.per_task);
    }
}

void State::Apply::reopen(std::map<NodeId, Room> before) {
    for (auto& [id, room] : before) {
        if (!node(id).room_is_exact) {
            measure_room(node(id));
        }
        index(node(id));
        offer(node(id), std::move(room));
    }
    state.typical_tasks_.weigh_if_stale(state.open_nodes_);
}

void State::Apply::count(const Job& counted, int pending, int running) {
    for (TenantId id = counted.demand().tenant; id; id = tenant(id).parent) {
        Tenant& each = tenant(id);
        each.pending_jobs += pending;
        each.running_jobs += running;
        check(each.pending_jobs >= 0 && each.running_jobs >= 0,
              "counts of jobs are never negative");
        if (running < 0) {
            state.pending_.tenant_freed(id, state.tree());
        }
    }
}

}  // namespace gusu::core
