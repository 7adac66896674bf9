#include "scheduler/core/policy/placement.h"

#include <algorithm>
#include <limits>

namespace gusu::core {
namespace {

constexpr int kWholeDevice = 1000;

bool is_share(const TaskGroup& group) {
    return group.per_task.milli_gpus.units() > 0 &&
           group.per_task.milli_gpus.units() < kWholeDevice;
}

bool usable(const DeviceDescription& device, const std::string& accelerator) {
    return device.accelerator == accelerator && device.health == Health::Healthy;
}

int tasks_by_devices(const Choice& choice, const Node& node, const Room& room) {
    const auto need = choice.group->per_task.milli_gpus.units();
    std::int64_t fit = 0;
    for (std::size_t i = 0; i < node.description.devices.size(); ++i) {
        if (!usable(node.description.devices[i], choice.accelerator)) {
            continue;
        }
        fit += is_share(*choice.group) ? room.device_milli[i] / need
                                       : (room.device_milli[i] == kWholeDevice ? 1 : 0);
    }
    return static_cast<int>(is_share(*choice.group) ? fit : fit * kWholeDevice / need);
}

std::int64_t times(Amount available, Amount each) {
    return each.is_zero() ? std::numeric_limits<int>::max() : available.units() / each.units();
}

// The devices of one task, lowest index first; a share goes to the fullest device that has it.
std::vector<int> choose_devices(const Choice& choice, const Node& node, const Room& room) {
    const auto need = static_cast<int>(choice.group->per_task.milli_gpus.units());
    std::vector<int> chosen;
    for (std::size_t i = 0; i < node.description.devices.size(); ++i) {
        const int free = room.device_milli[i];
        const auto position = static_cast<int>(i);
        if (!usable(node.description.devices[i], choice.accelerator)) {
            continue;
        }
        if (is_share(*choice.group)) {
            const bool fuller = chosen.empty() ||
                                free < room.device_milli[static_cast<std::size_t>(chosen.front())];
            if (free >= need && fuller) {
                chosen = {position};
            }
        } else if (free == kWholeDevice && static_cast<int>(chosen.size()) * kWholeDevice < need) {
            chosen.push_back(position);
        }
    }
    return chosen;
}

// Places tasks of one group on one plan.
class GroupPlacer {
public:
    GroupPlacer(const Demand& demand, int position, Choice choice, Plan& plan)
        : demand_(demand), position_(position), choice_(std::move(choice)), plan_(plan) {}

    // False if not all fit; the plan is then of no more use.
    bool place(std::vector<PlacedTask>& tasks) {
        const bool all = choice_.group->spread == Spread::DistinctNodes ? place_apart(tasks)
                                                                        : place_together(tasks);
        return all;
    }

private:
    std::int64_t ranked_need(int tasks) const {
        const Resources& each = choice_.group->per_task;
        return (choice_.accelerator.empty() ? each.milli_cpus : each.milli_gpus)
            .times(tasks)
            .units();
    }

    int fits(NodeId id, int at_most) {
        const Node& node = *plan_.state().node(id);
        const bool open = plan_.view() == Plan::View::Empty || node.takes_work();
        if (!open || !suits(demand_, *choice_.group, node)) {
            return 0;
        }
        return tasks_that_fit(choice_, node, plan_.room(node), at_most);
    }

    void put(NodeId id, int count, std::vector<PlacedTask>& tasks) {
        const Node& node = *plan_.state().node(id);
        const bool with_devices = !choice_.group->per_task.milli_gpus.is_zero();
        for (int i = 0; i < count; ++i) {
            PlacedTask task{
                .group = position_, .node = id, .accelerator = {}, .devices = {}, .state = {}};
            if (with_devices) {
                task.accelerator = choice_.accelerator;
                task.devices = choose_devices(choice_, node, plan_.room(node));
                task.milli_per_device =
                    is_share(*choice_.group)
                        ? static_cast<int>(choice_.group->per_task.milli_gpus.units())
                        : kWholeDevice;
            }
            plan_.take(task, choice_.group->per_task);
            tasks.push_back(std::move(task));
        }
    }

    bool place_apart(std::vector<PlacedTask>& tasks) {
        int left = choice_.group->tasks;
        const State::Ranking& ranking = plan_.ranking(choice_.accelerator);
        for (auto node = ranking.lower_bound({ranked_need(1), NodeId{}});
             node != ranking.end() && left > 0; ++node) {
            if (fits(node->second, 1) == 1) {
                put(node->second, 1, tasks);
                --left;
            }
        }
        return left == 0;
    }

    bool place_together(std::vector<PlacedTask>& tasks) {
        int left = choice_.group->tasks;
        while (left > 0) {
            if (const auto node = fullest_for_all(left)) {
                put(*node, left, tasks);
                return true;
            }
            const auto [node, count] = most(left);
            if (count == 0) {
                return false;
            }
            put(node, count, tasks);
            left -= count;
        }
        return true;
    }

    std::optional<NodeId> fullest_for_all(int left) {
        const State::Ranking& ranking = plan_.ranking(choice_.accelerator);
        for (auto node = ranking.lower_bound({ranked_need(left), NodeId{}}); node != ranking.end();
             ++node) {
            if (fits(node->second, left) == left) {
                return node->second;
            }
        }
        return std::nullopt;
    }

    // The node that takes most of them, the fullest of such, then the lowest id.
    std::pair<NodeId, int> most(int left) {
        const State::Ranking& ranking = plan_.ranking(choice_.accelerator);
        std::pair<NodeId, int> best{NodeId{}, 0};
        for (auto node = ranking.rbegin(); node != ranking.rend(); ++node) {
            if (node->first < ranked_need(best.second)) {
                break;  // what is free bounds what fits
            }
            const int count = fits(node->second, left);
            if (count > 0 && count >= best.second) {
                best = {node->second, count};
            }
        }
        return best;
    }

    const Demand& demand_;
    int position_;
    Choice choice_;
    Plan& plan_;
};

GpuNeed with_group(GpuNeed need, const Choice& choice) {
    const Amount gpus = choice.group->per_task.milli_gpus.times(choice.group->tasks);
    if (!gpus.is_zero()) {
        need[choice.accelerator] += gpus;
        need[kAnyAccelerator] += gpus;
    }
    return need;
}

}  // namespace

const State::Ranking& Plan::ranking(const std::string& accelerator) const {
    static const State::Ranking kNone;
    const auto found = rankings_->find(accelerator);
    return found == rankings_->end() ? kNone : found->second;
}

const Room& Plan::room(const Node& node) {
    if (const auto found = changed_.find(node.id); found != changed_.end()) {
        return found->second;
    }
    if (view_ == View::Now) {
        return node.room;
    }
    return changed_
        .emplace(node.id, Room{.milli_cpus = node.description.milli_cpus,
                               .memory = node.description.memory,
                               .device_milli =
                                   std::vector<int>(node.description.devices.size(), kWholeDevice)})
        .first->second;
}

void Plan::take(const PlacedTask& task, const Resources& each) {
    Room& room =
        changed_.try_emplace(task.node, this->room(*state_->node(task.node))).first->second;
    room.milli_cpus -= each.milli_cpus;
    room.memory -= each.memory;
    for (const int device : task.devices) {
        room.device_milli[static_cast<std::size_t>(device)] -= task.milli_per_device;
    }
}

State::Rankings empty_rankings(const State& state) {
    State::Rankings rankings;
    for (const auto& [id, node] : state.nodes()) {
        std::map<std::string, std::int64_t> all{{"", node.description.milli_cpus.units()}};
        for (const DeviceDescription& device : node.description.devices) {
            all[device.accelerator] += device.health == Health::Healthy ? kWholeDevice : 0;
        }
        for (const auto& [accelerator, milli] : all) {
            rankings[accelerator].insert({milli, id});
        }
    }
    return rankings;
}

int tasks_that_fit(const Choice& choice, const Node& node, const Room& room, int at_most) {
    const Resources& each = choice.group->per_task;
    std::int64_t fit = std::min<std::int64_t>(at_most, times(room.milli_cpus, each.milli_cpus));
    fit = std::min(fit, times(room.memory, each.memory));
    if (fit > 0 && !each.milli_gpus.is_zero()) {
        fit = std::min<std::int64_t>(fit, tasks_by_devices(choice, node, room));
    }
    return static_cast<int>(fit);
}

bool suits(const Demand& demand, const TaskGroup& group, const Node& node) {
    const char* runtime = demand.runtime == Runtime::Process ? "process" : "container";
    return node.description.runtimes.contains(runtime) &&
           std::ranges::all_of(group.node_labels, [&](const auto& wanted) {
               const std::string* value = node.label(wanted.first);
               return value != nullptr && *value == wanted.second;
           });
}

std::vector<std::string> choices(const State& state, const TaskGroup& group) {
    if (!group.accelerators.empty()) {
        return group.accelerators;
    }
    if (group.per_task.milli_gpus.is_zero()) {
        return {""};
    }
    std::vector<std::string> all;
    for (const auto& [accelerator, reality] : state.accelerators_seen()) {
        all.push_back(accelerator);
    }
    return all;
}

Placement place(const Demand& demand, Plan plan) {
    Placement placement;
    GpuNeed need;
    for (std::size_t position = 0; position < demand.groups.size(); ++position) {
        const TaskGroup& group = demand.groups[position];
        std::optional<LimitClosed> limit;
        bool limit_open = false;
        bool placed = false;
        for (const std::string& accelerator : choices(plan.state(), group)) {
            const Choice choice{&group, accelerator};
            const GpuNeed with = with_group(need, choice);
            if (plan.view() == Plan::View::Now) {
                limit = limit_closed(plan.state(), demand.tenant, with);
            }
            if (limit) {
                placement.limit = placement.limit ? placement.limit : limit;
                continue;
            }
            limit_open = true;
            Plan trial = plan;
            std::vector<PlacedTask> tasks = placement.tasks;
            if (GroupPlacer(demand, static_cast<int>(position), choice, trial).place(tasks)) {
                plan = std::move(trial);
                placement.tasks = std::move(tasks);
                need = with;
                placed = true;
                break;
            }
        }
        if (!placed) {
            placement.tasks.clear();
            const bool by_limit = placement.limit && !limit_open;
            placement.closed = by_limit ? Parked{Gate::TenantLimit, placement.limit->tenant}
                                        : Parked{Gate::Capacity, TenantId{}};
            return placement;
        }
    }
    return placement;
}

}  // namespace gusu::core
