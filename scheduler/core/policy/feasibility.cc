#include "scheduler/core/policy/feasibility.h"

#include <algorithm>

#include "scheduler/base/text.h"
#include "scheduler/core/policy/domains.h"
#include "scheduler/core/policy/elastic.h"

namespace gusu::core {
namespace {

// Keeps memory bounded if every request differs.
constexpr std::size_t kVerdictsKept = 10'000;

std::string group_name(const Demand& demand, std::size_t position) {
    const std::string& name = demand.groups[position].name;
    return "groups[" + std::to_string(position) + "]" + (name.empty() ? "" : " (" + name + ")");
}

std::string amounts(const TaskGroup& group) {
    const Resources& each = group.per_task;
    return (group.slice ? "a slice " + group.slice->name + " of a GPU"
                        : format_milli(each.milli_gpus.units()) + " GPUs") +
           ", " + format_milli(each.milli_cpus.units()) + " CPUs and " +
           format_bytes(each.memory.units()) + " of memory";
}

std::vector<std::string> known_accelerators(const State& state) {
    std::set<std::string> names;
    for (const auto& [name, reality] : state.accelerators_seen()) {
        names.insert(name);
    }
    for (const auto& [name, accelerator] : state.catalogue()) {
        names.insert(name);
    }
    return {names.begin(), names.end()};
}

std::string listed(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) {
        list += (list.empty() ? "" : ", ") + name;
    }
    return list.empty() ? "none" : list;
}

std::optional<Impossible> unknown_accelerator(const State& state, const Demand& demand) {
    const std::vector<std::string> known = known_accelerators(state);
    for (std::size_t i = 0; i < demand.groups.size(); ++i) {
        for (const std::string& name : demand.groups[i].accelerators) {
            if (std::ranges::find(known, name) != known.end()) {
                continue;
            }
            const std::string near = nearest_name(name, known);
            return Impossible{Never::NoSuchResource,
                              group_name(demand, i) + ".accelerators: unknown accelerator \"" +
                                  name + "\"" +
                                  (near.empty() ? "" : "; did you mean \"" + near + "\"?") +
                                  " Known here: " + listed(known)};
        }
    }
    return std::nullopt;
}

std::optional<Impossible> no_node_has_it(const State& state, const Demand& demand) {
    for (std::size_t i = 0; i < demand.groups.size(); ++i) {
        const TaskGroup& group = demand.groups[i];
        const std::vector<std::string> wanted = choices(state, group);
        const bool some = std::ranges::any_of(wanted, [&](const std::string& name) {
            return name.empty() || state.accelerators_seen().contains(name);
        });
        if (!some) {
            std::vector<std::string> here;
            for (const auto& [name, reality] : state.accelerators_seen()) {
                here.push_back(name);
            }
            return Impossible{Never::NoSuchResource,
                              group_name(demand, i) + " asks for " + listed(group.accelerators) +
                                  ", which no node has; nodes have: " + listed(here)};
        }
        const bool suited = std::ranges::any_of(
            state.nodes(), [&](const auto& node) { return suits(demand, group, node.second); });
        if (!suited) {
            const bool container = demand.runtime == Runtime::Container;
            return Impossible{
                Never::NoSuchResource,
                group_name(demand, i) +
                    (container ? " asks for an image, and no node that has its labels "
                                 "runs containers; leave `image` out"
                               : ".node_labels: no node carries these labels")};
        }
    }
    return std::nullopt;
}

std::vector<std::string> labels_of_nodes(const State& state) {
    std::set<std::string> names;
    for (const auto& [id, node] : state.nodes()) {
        for (const Labels* labels : {&node.description.labels, &node.labels_set}) {
            for (const auto& [name, value] : *labels) {
                names.insert(name);
            }
        }
    }
    return {names.begin(), names.end()};
}

// A level, and where it is asked for.
struct Asked {
    std::string field;
    std::string level;
};

// None if some node that suits the group has the label.
std::optional<Impossible> no_such_level(const State& state, const Demand& demand,
                                        const TaskGroup& group, const Asked& asked) {
    const auto& [field, level] = asked;
    const bool some = std::ranges::any_of(state.nodes(), [&](const auto& node) {
        return node.second.label(level) != nullptr && suits(demand, group, node.second);
    });
    if (some) {
        return std::nullopt;
    }
    const std::vector<std::string> known = labels_of_nodes(state);
    const std::string near = nearest_name(level, known);
    return Impossible{
        Never::NoSuchResource,
        field + ": no node that suits has the label \"" + level + "\"" +
            (near.empty() || near == level ? "." : "; did you mean \"" + near + "\"?") +
            " Labels here: " + listed(known)};
}

std::optional<Impossible> no_node_has_the_level(const State& state, const Demand& demand) {
    for (std::size_t i = 0; i < demand.groups.size(); ++i) {
        if (demand.topology) {
            if (auto none = no_such_level(state, demand, demand.groups[i],
                                          {"topology.level", demand.topology->level})) {
                return none;
            }
        }
        const std::string& over = demand.groups[i].spread_over;
        if (!over.empty()) {
            if (auto none = no_such_level(state, demand, demand.groups[i],
                                          {group_name(demand, i) + ".spread_over", over})) {
                return none;
            }
        }
    }
    return std::nullopt;
}

// Devices of the node that are cut, or are not, as the group asks for.
std::int64_t devices_for(const TaskGroup& group, const Node& node) {
    return std::ranges::count_if(node.description.devices, [&](const DeviceDescription& device) {
        return (device.slices > 0) == group.slice.has_value();
    });
}

// The largest single node for a group, in words.
std::string largest_node(const State& state, const Demand& demand, const TaskGroup& group) {
    const bool cut = group.slice.has_value();
    const Node* largest = nullptr;
    std::int64_t most = -1;
    for (const std::string& name : choices(state, group)) {
        for (const auto& [id, node] : state.nodes()) {
            const auto devices =
                std::ranges::count_if(node.description.devices, [&](const auto& device) {
                    return device.accelerator == name && (device.slices > 0) == cut;
                });
            const std::int64_t size = name.empty() ? node.description.milli_cpus.units() : devices;
            if (suits(demand, group, node) && size > most) {
                most = size;
                largest = &node;
            }
        }
    }
    if (largest == nullptr) {
        return "no node suits";
    }
    return "the largest node, " + largest->description.name + ", has " +
           std::to_string(devices_for(group, *largest)) +
           (cut ? " GPUs cut into slices, " : " GPUs, ") +
           format_milli(largest->description.milli_cpus.units()) + " CPUs and " +
           format_bytes(largest->description.memory.units()) + " of memory for jobs";
}

}  // namespace

std::optional<Impossible> Feasibility::impossible(const State& state, const Demand& demand) {
    if (inventory_version_ != state.inventory_version() || verdicts_.size() > kVerdictsKept) {
        inventory_version_ = state.inventory_version();
        empty_ = empty_nodes(state);
        verdicts_.clear();
    }
    const Demand least = at_least(demand);
    Demand key = least;
    key.tenant = TenantId{};
    key.priority = Priority::Normal;
    key.preemption = Preemption::Forbidden;
    key.time_limit.reset();
    if (key.topology && key.topology->closeness == Closeness::Preferred) {
        key = widened(key);
    }
    const auto found = verdicts_.find(key);
    if (found != verdicts_.end()) {
        return found->second;
    }
    auto verdict = judge(state, key);
    return verdicts_.emplace(std::move(key), std::move(verdict)).first->second;
}

// None if the platform as a whole does not hold it either.
std::optional<Impossible> Feasibility::no_domain_holds_it(const State& state,
                                                          const Demand& demand) const {
    const Plan empty(state, Plan::View::Empty, empty_);
    const auto best = best_domain(empty, demand);
    if (!best || !place(without_topology(demand), empty).found()) {
        return std::nullopt;
    }
    const TaskGroup& group = largest_group(demand);
    const std::string& level = demand.topology->level;
    return Impossible{Never::GangTooLarge,
                      "the job asks for " + std::to_string(demand.tasks()) +
                          " tasks on nodes of one " + level + "; the largest, " + best->value +
                          ", holds " +
                          std::to_string(std::min<std::int64_t>(best->tasks, group.tasks)) +
                          " of them when empty. Ask for fewer tasks, or for a wider level"};
}

std::optional<Impossible> Feasibility::judge(const State& state, const Demand& demand) const {
    if (auto unknown = unknown_accelerator(state, demand)) {
        return unknown;
    }
    if (state.nodes().empty()) {
        return std::nullopt;
    }
    if (auto nowhere = no_node_has_it(state, demand)) {
        return nowhere;
    }
    if (auto nowhere = no_node_has_the_level(state, demand)) {
        return nowhere;
    }
    const auto fits = [&](const Demand& asked) {
        return place(asked, Plan(state, Plan::View::Empty, empty_)).found();
    };
    if (fits(demand)) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < demand.groups.size(); ++i) {
        Demand one = demand;
        one.groups = {demand.groups[i]};
        one.groups[0].tasks = 1;
        if (!fits(one)) {
            return Impossible{Never::NodeTooSmall,
                              group_name(demand, i) + ": one task asks for " +
                                  amounts(demand.groups[i]) + "; " +
                                  largest_node(state, demand, demand.groups[i]) +
                                  ". Ask for less per task, and for more tasks"};
        }
    }
    if (demand.topology && demand.topology->closeness == Closeness::Required) {
        if (auto too_large = no_domain_holds_it(state, demand)) {
            return too_large;
        }
    }
    // The nearest that could run: fewer tasks of the largest group.
    const auto largest = std::ranges::max_element(demand.groups, {}, &TaskGroup::tasks);
    const auto position = static_cast<std::size_t>(largest - demand.groups.begin());
    int most = 0;
    for (int low = 1, high = largest->tasks - 1; low <= high;) {
        const int middle = low + (high - low) / 2;
        Demand fewer = demand;
        fewer.groups[position].tasks = middle;
        if (fits(fewer)) {
            most = middle;
            low = middle + 1;
        } else {
            high = middle - 1;
        }
    }
    return Impossible{Never::GangTooLarge,
                      "the job asks for " + std::to_string(demand.tasks()) +
                          " tasks at once, more than the whole platform holds; " +
                          group_name(demand, position) + " could have at most " +
                          std::to_string(most) + " of its " + std::to_string(largest->tasks) +
                          " tasks"};
}

}  // namespace gusu::core
