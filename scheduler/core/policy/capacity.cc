#include "scheduler/core/policy/capacity.h"

#include <algorithm>

#include "scheduler/base/text.h"
#include "scheduler/core/policy/apart.h"
#include "scheduler/core/policy/domains.h"
#include "scheduler/core/policy/elastic.h"
#include "scheduler/core/policy/order.h"
#include "scheduler/core/policy/placement.h"
#include "scheduler/core/policy/preemption.h"
#include "scheduler/core/policy/reserved.h"
#include "scheduler/core/policy/slices.h"

namespace gusu::core {
namespace {

// Of one accelerator, in milli-GPUs.
struct Supply {
    std::int64_t all = 0;
    std::int64_t free = 0;     // healthy, on nodes that take work
    std::int64_t out = 0;      // on nodes that do not, or unhealthy
    std::int64_t largest = 0;  // free on one node
    bool is_all = true;        // else some devices of it are cut, and others are not
    std::string nodes_out;
};

// Of devices that are whole, or of those that are cut.
Supply supply_of(const State& state, const std::string& accelerator, bool cut) {
    Supply supply;
    for (const auto& [id, node] : state.nodes()) {
        std::int64_t free_here = 0;
        std::int64_t out_here = 0;
        for (std::size_t i = 0; i < node.description.devices.size(); ++i) {
            const DeviceDescription& device = node.description.devices[i];
            if (device.accelerator != accelerator) {
                continue;
            }
            if ((device.slices > 0) != cut) {
                supply.is_all = false;
                continue;
            }
            supply.all += 1000;
            const bool usable = node.takes_work() && device.health == Health::Healthy;
            (usable ? free_here : out_here) += usable ? node.room.device_milli[i] : 1000;
        }
        supply.free += free_here;
        supply.out += out_here;
        supply.largest = std::max(supply.largest, free_here);
        if (out_here > 0) {
            supply.nodes_out += (supply.nodes_out.empty() ? "" : ", ") + node.description.name +
                                (node.drained ? " (drained: " + *node.drained + ")" : "");
        }
    }
    return supply;
}

Demand without_cpu_and_memory(Demand demand) {
    for (TaskGroup& group : demand.groups) {
        group.per_task.milli_cpus = Amount{};
        group.per_task.memory = Amount{};
    }
    return demand;
}

bool starts(const Asker& asker, const Demand& demand) {
    return !lending_closed(asker.state, demand, preferred_need(asker.state, demand)) &&
           place(demand, offered_to(asker, demand)).found();
}

std::string gpus(std::int64_t milli) { return format_milli(milli); }

Constraint cpu_constraint(const State& state, const Demand& demand) {
    const bool some_node = std::ranges::any_of(
        state.nodes(), [](const auto& node) { return node.second.takes_work(); });
    if (!some_node) {
        return {WaitReason::NodesOut, "no node takes work now",
                "bring nodes back: gusu nodes shows their state"};
    }
    Amount cpus;
    Amount memory;
    for (const auto& [id, node] : state.nodes()) {
        if (node.takes_work()) {
            cpus = std::max(cpus, node.room.milli_cpus);
            memory = std::max(memory, node.room.memory);
        }
    }
    const Resources total = demand.total();
    return {WaitReason::CpuOrMemoryShort,
            "asks for " + format_milli(total.milli_cpus.units()) + " CPUs and " +
                format_bytes(total.memory.units()) +
                " of memory in all; the most free on one node is " + format_milli(cpus.units()) +
                " CPUs, and " + format_bytes(memory.units()),
            "ask for fewer CPUs or less memory per task, or wait for jobs to end"};
}

// What to speak of: the largest group's.
struct MainNeed {
    std::string accelerator;
    std::int64_t milli = 0;
    const SliceProfile* slice = nullptr;

    std::string words() const {
        return gpus(milli) + " " + accelerator +
               (slice == nullptr ? "" : " in slices of " + slice->name);
    }
};

MainNeed main_need(const State& state, const Demand& demand) {
    const auto largest = std::ranges::max_element(demand.groups, {}, [](const TaskGroup& group) {
        return group.per_task.milli_gpus.units() * group.tasks;
    });
    const auto names = choices(state, *largest);
    return {names.empty() ? "" : names.front(),
            largest->per_task.milli_gpus.units() * largest->tasks,
            largest->slice ? &*largest->slice : nullptr};
}

Constraint busy_constraint(const State& state, const Demand& demand, const Supply& supply) {
    const MainNeed need = main_need(state, demand);
    const std::string& accelerator = need.accelerator;
    if (need.slice != nullptr || !supply.is_all) {
        return {WaitReason::ModelBusy,
                "asks for " + need.words() + "; of " + gpus(supply.all) + " that are " +
                    (need.slice == nullptr ? "not cut, " : "cut, ") + gpus(supply.free) +
                    " are free",
                "wait for running jobs to end"};
    }
    const Tenant& tenant = *state.tenant(demand.tenant);
    const std::int64_t own = used(tenant, accelerator).units();
    const std::int64_t guarantee = guaranteed(tenant, accelerator).units();
    const std::string numbers = "asks for " + need.words() + "; of " + gpus(supply.all) + ", " +
                                gpus(supply.free) + " are free; \"" + tenant.path + "\" holds " +
                                gpus(own) + ", others hold " +
                                gpus(supply.all - supply.free - supply.out - own);
    if (guarantee > 0 && own + need.milli > guarantee) {
        return {WaitReason::GuaranteeFullNothingIdle,
                numbers + "; its guarantee is " + gpus(guarantee) +
                    ", and nothing idle is left to borrow",
                "wait for jobs of your tenant to end, or for others to leave GPUs idle"};
    }
    return {WaitReason::ModelBusy, numbers, "wait for running jobs to end"};
}

// There is room, but it is kept for jobs that others were asked to stop for.
std::optional<Constraint> kept_constraint(const State& state, const Demand& demand) {
    if (state.nominations().empty() || !place(demand, Plan(state)).found()) {
        return std::nullopt;
    }
    Time until;
    for (const auto& [id, nomination] : state.nominations()) {
        until = std::max(until, nomination.until);
    }
    return Constraint{WaitReason::Reserved,
                      "what is free is kept for " + std::to_string(state.nominations().size()) +
                          " jobs for which others are being stopped, at the latest until " +
                          format_rfc3339(until),
                      "wait for their jobs to start, or for others to end"};
}

// Of nodes that suit the group some are empty, and that is what an exclusive job is to be placed
// on.
Constraint exclusive_constraint(const State& state, const Demand& demand, Time now) {
    const TaskGroup& group = largest_group(demand);
    const Plan plan = offered(state, now);
    int suitable = 0;
    int empty = 0;
    for (const auto& [id, node] : state.nodes()) {
        const bool has = node.takes_work() && suits(demand, group, node);
        suitable += has ? 1 : 0;
        empty += has && plan.is_untouched(node) ? 1 : 0;
    }
    return {WaitReason::Fragmented,
            "is to be alone on its nodes; of " + std::to_string(suitable) +
                " nodes that suit and take work, " + std::to_string(empty) +
                " run nothing and are kept for nobody",
            "submit it without --exclusive, or wait for nodes to run empty"};
}

Constraint topology_constraint(const State& state, const Demand& demand, Time now) {
    const auto best = best_domain(confined(demand, offered(state, now)), demand);
    const TaskGroup& group = largest_group(demand);
    const std::string& level = demand.topology->level;
    if (!best) {
        return {WaitReason::Topology, "no node that suits and takes work has the label " + level,
                "submit it without --topology, or have the nodes labelled"};
    }
    return {WaitReason::Topology,
            "is to be on nodes of one " + level + "; the best one, " + best->value +
                ", has room for " +
                std::to_string(std::min<std::int64_t>(best->tasks, group.tasks)) + " of " +
                std::to_string(group.tasks) + " tasks",
            "wait for jobs there to end, or submit it without --topology"};
}

Demand without_spread(Demand demand) {
    for (TaskGroup& group : demand.groups) {
        group.spread_over.clear();
    }
    return demand;
}

bool is_spread(const Demand& demand) {
    return std::ranges::any_of(demand.groups,
                               [](const TaskGroup& group) { return !group.spread_over.empty(); });
}

Constraint spread_constraint(const State& state, const Demand& demand, Time now) {
    const TaskGroup& group = *std::ranges::find_if(
        demand.groups, [](const TaskGroup& each) { return !each.spread_over.empty(); });
    const auto names = choices(state, group);
    const Plan plan = confined(demand, offered(state, now));
    const auto all =
        domains(plan, group.spread_over,
                {demand, group, names.empty() ? -1 : plan.nodes().accelerator(names.front())});
    const auto least = std::ranges::min_element(all, {}, &Domain::tasks);
    const auto number = std::max<std::int64_t>(1, static_cast<std::int64_t>(all.size()));
    return {WaitReason::Topology,
            "its " + std::to_string(group.tasks) + " tasks are to be spread evenly over " +
                std::to_string(all.size()) + " values of " + group.spread_over + ", at least " +
                std::to_string(group.tasks / number) + " in each" +
                (least == all.end()
                     ? ""
                     : "; " + least->value + " has room for " + std::to_string(least->tasks)),
            "wait for jobs there to end, or submit it without --spread-over"};
}

Demand shared(Demand demand) {
    demand.sharing = Sharing::Shared;
    return demand;
}

}  // namespace

Constraint capacity_constraint(const Asker& asker) {
    const State& state = asker.state;
    const Demand demand = at_least(*asker.state.asks_now(asker.job));
    if (auto reserved = reserved_constraint(asker)) {
        return *std::move(reserved);
    }
    if (auto kept = kept_constraint(state, demand)) {
        return *std::move(kept);
    }
    if (auto apart = apart_constraint(asker)) {
        return *std::move(apart);
    }
    if (demand.topology && starts(asker, without_topology(demand))) {
        return topology_constraint(state, demand, asker.now);
    }
    if (is_spread(demand) && starts(asker, without_spread(demand))) {
        return spread_constraint(state, demand, asker.now);
    }
    if (demand.sharing == Sharing::Exclusive && starts(asker, shared(demand))) {
        return exclusive_constraint(state, demand, asker.now);
    }
    const MainNeed need = main_need(state, demand);
    if (need.accelerator.empty() || need.milli == 0) {
        return cpu_constraint(state, demand);
    }
    const Supply supply = supply_of(state, need.accelerator, need.slice != nullptr);
    if (supply.free < need.milli && supply.free + supply.out >= need.milli) {
        return {WaitReason::NodesOut,
                "asks for " + need.words() + "; " + gpus(supply.free) + " are free and " +
                    gpus(supply.out) + " are out of service on " + supply.nodes_out,
                "it can start when these nodes are back, or when jobs end"};
    }
    if (supply.free < need.milli) {
        return busy_constraint(state, demand, supply);
    }
    if (starts(asker, without_cpu_and_memory(demand))) {
        return {WaitReason::CpuOrMemoryShort,
                "enough " + need.accelerator +
                    " are free, but the nodes that have them lack CPUs or memory; " +
                    "the job asks for " + format_milli(demand.total().milli_cpus.units()) +
                    " CPUs and " + format_bytes(demand.total().memory.units()) + " in all",
                "ask for fewer CPUs or less memory per task"};
    }
    if (need.slice != nullptr) {
        return {WaitReason::Fragmented,
                "asks for " + need.words() + "; of devices that are cut " + gpus(supply.free) +
                    " are free, but of none the " + std::to_string(need.slice->size) +
                    " neighbouring slices of it where it may begin",
                "ask for a smaller profile, or wait for jobs to end"};
    }
    return {WaitReason::Fragmented,
            gpus(supply.free) + " " + need.accelerator + " are free, at most " +
                gpus(supply.largest) + " on one node, but not as the job needs them (" +
                std::to_string(demand.tasks()) + " tasks)",
            "ask for more tasks with fewer GPUs each, or wait for jobs to end"};
}

namespace {

// Label names, those with the fewest values last.
std::vector<std::string> levels_of(const State& state) {
    std::map<std::string, std::set<std::string>> values;
    for (const auto& [id, node] : state.nodes()) {
        Labels labels = node.labels_set;
        labels.insert(node.description.labels.begin(), node.description.labels.end());
        for (const auto& [name, value] : labels) {
            if (!value.empty()) {  // an operator took it away
                values[name].insert(value);
            }
        }
    }
    std::vector<std::pair<std::int64_t, std::string>> levels;
    for (const auto& [name, held] : values) {
        levels.emplace_back(-static_cast<std::int64_t>(held.size()), name);
    }
    std::ranges::sort(levels);
    std::vector<std::string> names;
    for (auto& [size, name] : levels) {
        names.push_back(std::move(name));
    }
    return names;
}

// The next wider level, or any nodes, and nodes that it shares.
void add_wider(const Asker& asker, const Demand& demand, std::vector<std::string>& found) {
    if (demand.topology) {
        const std::vector<std::string> levels = levels_of(asker.state);
        const auto present = std::ranges::find(levels, demand.topology->level);
        const auto wider = std::find_if(present, levels.end(), [&](const std::string& level) {
            Demand other = demand;
            other.topology = Topology{.level = level, .closeness = Closeness::Required};
            return level != demand.topology->level && starts(asker, other);
        });
        if (wider != levels.end()) {
            found.push_back("--topology " + *wider);
        }
        if (starts(asker, without_topology(demand))) {
            found.push_back("no --topology");
        }
    }
    if (is_spread(demand) && starts(asker, without_spread(demand))) {
        found.push_back("no --spread-over");
    }
    if (demand.sharing == Sharing::Exclusive && starts(asker, shared(demand))) {
        found.push_back("no --exclusive");
    }
}

// Those that the job leaves out, where each of its groups takes any of several.
void add_other_accelerators(const Asker& asker, std::vector<std::string>& found) {
    const State& state = asker.state;
    const Demand demand = at_least(*asker.state.asks_now(asker.job));
    for (const auto& [accelerator, reality] : state.accelerators_seen()) {
        Demand other = demand;
        bool takes_it = false;
        for (TaskGroup& group : other.groups) {
            if (group.per_task.milli_gpus.is_zero()) {
                continue;
            }
            const SliceProfile* other_slice =
                group.slice ? profile_of(state, accelerator, group.slice->name) : nullptr;
            if (group.slice && (other_slice == nullptr || *other_slice != *group.slice)) {
                takes_it = true;  // cannot be had there
            }
            takes_it =
                takes_it || group.accelerators.empty() ||
                std::ranges::find(group.accelerators, accelerator) != group.accelerators.end();
            group.accelerators = {accelerator};
        }
        if (!takes_it && !demand.total().milli_gpus.is_zero() && starts(asker, other)) {
            found.push_back("--accelerator " + accelerator);
        }
    }
}

// The largest profile below the one it asks for.
void add_smaller_slice(const Asker& asker, const Demand& demand, std::vector<std::string>& found) {
    const TaskGroup& group = demand.groups.front();
    if (demand.groups.size() > 1 || !group.slice) {
        return;
    }
    const auto known = asker.state.catalogue().find(group.accelerators.front());
    if (known == asker.state.catalogue().end()) {
        return;
    }
    std::vector<SliceProfile> smaller = known->second.profiles;
    std::erase_if(smaller, [&](const auto& each) { return each.size >= group.slice->size; });
    std::ranges::sort(smaller, [](const SliceProfile& a, const SliceProfile& b) {
        return std::tie(b.size, a.name) < std::tie(a.size, b.name);
    });
    const auto starts_with = [&](const SliceProfile& profile) {
        Demand other = demand;
        other.groups[0].slice = profile;
        other.groups[0].per_task.milli_gpus = Amount(profile.milli());
        return starts(asker, other);
    };
    const auto fits = std::ranges::find_if(smaller, starts_with);
    if (fits != smaller.end()) {
        found.push_back("--gpu-slice " + fits->name);
    }
}

// Of these, the one that keeps most: it may be stopped, or ends in time.
void add_shorter(const Asker& asker, std::vector<std::string>& found) {
    const State& state = asker.state;
    const Demand demand = at_least(*asker.state.asks_now(asker.job));
    Demand other = demand;
    other.preemption = Preemption::Allowed;
    const bool it_matters =
        is_firm(state.policy(), demand) || !state.windows().empty() || !state.held_places().empty();
    if (it_matters && other != demand && starts(asker, other)) {
        found.push_back("--preemptible");
    }
    other = demand;
    other.time_limit = state.policy().short_job;
    if (is_firm(state.policy(), demand) && starts(asker, other)) {
        found.push_back("--time " + format_duration(state.policy().short_job));
        return;
    }
    for (const Duration limit : limits_in_time(state, asker.now)) {
        other.time_limit = limit;
        if ((!demand.time_limit || limit < *demand.time_limit) && starts(asker, other)) {
            found.push_back("--time " + format_duration(limit));
            return;
        }
    }
}

}  // namespace

std::vector<std::string> smaller_that_start(const Asker& asker) {
    const Demand demand = at_least(*asker.state.asks_now(asker.job));
    std::vector<std::string> found;
    const TaskGroup& group = demand.groups.front();
    const auto try_each = [&](std::int64_t from, auto make, const std::string& words) {
        for (std::int64_t n = from; n >= 1; n = n > 16 ? n * 3 / 4 : n - 1) {
            if (starts(asker, make(n))) {
                found.push_back(words + " " + std::to_string(n));
                return;
            }
        }
    };
    if (demand.groups.size() == 1 && group.tasks > 1) {
        try_each(
            group.tasks - 1,
            [&](std::int64_t n) {
                Demand fewer = demand;
                fewer.groups[0].tasks = static_cast<int>(n);
                return fewer;
            },
            group.spread == Spread::DistinctNodes ? "--nodes" : "--ntasks");
    }
    const std::int64_t whole = group.per_task.milli_gpus.units() / 1000;
    if (demand.groups.size() == 1 && whole > 1) {
        try_each(
            whole - 1,
            [&](std::int64_t n) {
                Demand fewer = demand;
                fewer.groups[0].per_task.milli_gpus = Amount(n * 1000);
                return fewer;
            },
            group.tasks > 1 ? "--gpus-per-node" : "--gpus");
    }
    add_smaller_slice(asker, demand, found);
    add_wider(asker, demand, found);
    add_other_accelerators(asker, found);
    add_shorter(asker, found);
    return found;
}

}  // namespace gusu::core
