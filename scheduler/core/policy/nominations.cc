// Places for which others are being stopped: what they leave to the rest, and when they are taken.
#include <algorithm>
#include <map>

#include "scheduler/core/policy/enclosure.h"
#include "scheduler/core/policy/preemption.h"
#include "scheduler/core/policy/quota.h"
#include "scheduler/core/policy/windows.h"

namespace gusu::core {

void keep_nominated(Plan& plan) {
    const State& state = plan.state();
    for (const auto& [id, nomination] : state.nominations()) {
        const Demand& demand = state.job(id)->demand();
        for (const PlacedTask& task : nomination.tasks) {
            plan.keep(task, demand);
        }
    }
}

Plan offered(const State& state, Time now) {
    Plan plan(state, now);
    keep_nominated(plan);
    return plan;
}

Plan offered_to_all(const State& state) {
    Plan plan(state);
    keep_nominated(plan);
    return plan;
}

namespace {

bool take_if_there(const Node& node, const PlacedTask& task, const Resources& each, Room& room) {
    const Resources held = task.holds(each);
    if (room.milli_cpus < held.milli_cpus || room.memory < held.memory) {
        return false;
    }
    room.milli_cpus -= held.milli_cpus;
    room.memory -= held.memory;
    bool is_there = true;
    task.each_share([&](const DeviceShare& share) { is_there = is_there && room.take(share); });
    return is_there && std::ranges::all_of(task.devices, [&](int position) {
               return node.description.devices[static_cast<std::size_t>(position)].health ==
                      Health::Healthy;
           });
}

}  // namespace

bool is_free(const State& state, const Demand& demand, const Nomination& nomination, Time now) {
    std::map<NodeId, Room> rooms;
    for (const PlacedTask& task : nomination.tasks) {
        const Node& node = *state.node(task.node);
        if (!node.takes_work() || !node.room_is_exact ||
            window_in_the_way(state, demand, node.id, now) != nullptr ||
            !may_share(state, demand, node.id)) {
            return false;
        }
        const Resources& each = demand.groups[static_cast<std::size_t>(task.group)].per_task;
        Room& room = rooms.try_emplace(task.node, node.room).first->second;
        if (!take_if_there(node, task, each, room)) {
            return false;
        }
    }
    const bool is_exclusive = demand.sharing == Sharing::Exclusive;
    if (is_exclusive &&
        std::ranges::any_of(rooms, [](const auto& each) { return !each.second.is_nothing(); })) {
        return false;  // the node came back with more than it had
    }
    return !suspended_tenant(state, demand.tenant) &&
           !tenant_with_all_jobs_running(state, demand.tenant) &&
           !limit_closed(state, demand.tenant, gpus_held(nomination.tasks));
}

namespace {

bool has_left(const State& state, const Shrink& shrink) {
    const Job* job = state.job_of(shrink.incarnation);
    return job == nullptr || std::ranges::all_of(shrink.ranks, [&](int rank) {
               const auto& tasks = std::get<Placed>(job->state).tasks;
               return tasks[static_cast<std::size_t>(rank)].left().has_value();
           });
}

}  // namespace

bool is_ready(const State& state, const Nomination& nomination) {
    const bool all_left = std::ranges::all_of(
        nomination.shrinks, [&](const Shrink& shrink) { return has_left(state, shrink); });
    return all_left && std::ranges::none_of(nomination.victims, [&](JobId id) {
               const Job* victim = state.job(id);
               return victim != nullptr && victim->is_placed();
           });
}

}  // namespace gusu::core
