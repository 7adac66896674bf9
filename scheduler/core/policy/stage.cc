#include "scheduler/core/policy/stage.h"

#include <algorithm>

#include "scheduler/core/policy/placement.h"

namespace gusu::core {

const TaskGroup& main_group_of(const Demand& demand) {
    return *std::ranges::max_element(
        demand.groups, {}, [](const auto& group) { return group.per_task.milli_gpus.units(); });
}

bool fits(const State& state, const Demand& demand, const Node& node, const Room& room) {
    const TaskGroup& group = main_group_of(demand);
    const bool is_whole = room == whole_room(node.description);
    if (!suits(demand, group, node) || (demand.sharing == Sharing::Exclusive && !is_whole)) {
        return false;
    }
    const Ask ask = Ask::of(group);
    const NodeIndex& nodes = state.open_nodes();
    const Offer offer = nodes.offer_of(node, room);
    return std::ranges::any_of(choices(state, group), [&](const std::string& accelerator) {
        return tasks_that_fit(ask, nodes.accelerator(accelerator), offer, 1) == 1;
    });
}

Stage::Stage(const State& state, const Node& on) : node(&on), most(on.room) {
    for (const TaskRef& held : on.tasks) {
        const Job& job = *state.job(held.job);
        const auto& placed = std::get<Placed>(job.state);
        if (!placed.stoppable) {
            continue;
        }
        const PlacedTask& task = placed.tasks[static_cast<std::size_t>(held.task)];
        give_back(task, job.demand().groups[static_cast<std::size_t>(task.group)].per_task, most);
        if (stoppable.empty() || stoppable.back() != &job) {
            stoppable.push_back(&job);
        }
    }
}

bool Stage::suits(const State& state, const Demand& demand) const {
    return fits(state, demand, *node, most);
}

}  // namespace gusu::core
