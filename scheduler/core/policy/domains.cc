#include "scheduler/core/policy/domains.h"

#include <algorithm>
#include <map>

#include "scheduler/core/policy/own_nodes.h"
#include "scheduler/core/policy/placement.h"
#include "scheduler/core/policy/rooms.h"

namespace gusu::core {
namespace {

// What of domains is counted node by node.
class Count {
public:
    Count(const Plan& plan, const Wanted& wanted)
        : plan_(plan),
          wanted_(wanted),
          ask_(Ask::of(wanted.group)),
          most_(wanted.group.spread == Spread::DistinctNodes ? 1 : wanted.group.tasks) {}

    bool suits(const Node& node) const {
        return plan_.is_open(node) && core::suits(wanted_.demand, wanted_.group, node) &&
               would_fit(node);
    }

    void add(const Node& node, Domain& domain) const {
        const bool open = plan_.allows(node) && plan_.admits(wanted_.demand, node) &&
                          plan_.may_share(wanted_.demand, node);
        if (!open ||
            (plan_.confines() != nullptr && !OwnNodes().may_take(plan_, wanted_.demand, node))) {
            return;
        }
        const auto changed = plan_.changed().find(node.id);
        if (changed == plan_.changed().end()) {
            add(plan_.nodes().offer_at(plan_.nodes().position_of(node.id)), domain);
        } else {
            add(plan_.nodes().offer_of(node, changed->second), domain);
        }
    }

private:
    // If nothing were there.
    bool would_fit(const Node& node) const {
        const bool beside = node.description.milli_cpus.units() >= ask_.milli_cpus &&
                            node.description.memory.units() >= ask_.memory;
        if (!beside || ask_.devices == 0) {
            return beside;
        }
        const std::string& name = plan_.nodes().name(wanted_.accelerator);
        return std::ranges::count_if(node.description.devices, [&](const DeviceDescription& each) {
                   return plan_.nodes().offers(each) && each.accelerator == name &&
                          (each.slices > 0) == ask_.is_slice();
               }) >= ask_.devices;
    }

    void add(const Offer& offer, Domain& domain) const {
        domain.tasks += tasks_that_fit(ask_, wanted_.accelerator, offer, most_);
        if (ask_.devices == 0) {
            domain.free += offer.milli_cpus;
            return;
        }
        for (const FreeDevice& device : offer.devices) {
            const bool is_of_use = device.accelerator == wanted_.accelerator &&
                                   (device.slices != 0) == ask_.is_slice();
            domain.free += is_of_use ? device.milli : 0;
        }
    }

    const Plan& plan_;
    const Wanted& wanted_;
    Ask ask_;
    int most_;
};

// What the group may be placed on, the preferred first.
std::vector<AcceleratorId> accelerators(const Plan& plan, const TaskGroup& group) {
    std::vector<AcceleratorId> all;
    for (const std::string& name : choices(plan.state(), group)) {
        const AcceleratorId id = plan.nodes().accelerator(name);
        if (id >= 0 || group.per_task.milli_gpus.is_zero()) {
            all.push_back(id);
        }
    }
    if (group.per_task.milli_gpus.is_zero()) {
        all = {-1};
    }
    return all;
}

// No group asks for nodes of another domain.
bool may_be_within(const Demand& demand, const std::string& domain) {
    return std::ranges::all_of(demand.groups, [&](const TaskGroup& group) {
        const auto asked = group.node_labels.find(demand.topology->level);
        return asked == group.node_labels.end() || asked->second == domain;
    });
}

}  // namespace

std::vector<Domain> domains(const Plan& plan, const std::string& label, const Wanted& wanted) {
    const Count count(plan, wanted);
    std::vector<Domain> all;
    for (const auto& [value, nodes] : plan.state().nodes_by(label)) {
        Domain domain{.value = value};
        bool is_one = false;
        for (const NodeId id : nodes) {
            const Node& node = *plan.state().node(id);
            if (count.suits(node)) {
                is_one = true;
                count.add(node, domain);
            }
        }
        if (is_one) {
            all.push_back(std::move(domain));
        }
    }
    return all;
}

const TaskGroup& largest_group(const Demand& demand) {
    return *std::ranges::max_element(demand.groups, {}, [](const TaskGroup& group) {
        return std::pair(group.per_task.milli_gpus.units() * group.tasks, group.tasks);
    });
}

std::vector<std::string> domains_to_try(const Plan& plan, const Demand& demand) {
    const TaskGroup& group = largest_group(demand);
    std::set<std::string> known;
    std::vector<std::string> in_order;
    for (const AcceleratorId accelerator : accelerators(plan, group)) {
        std::vector<Domain> found =
            domains(plan, demand.topology->level, {demand, group, accelerator});
        std::erase_if(found, [&](const Domain& domain) {
            return domain.tasks < group.tasks || known.contains(domain.value) ||
                   !may_be_within(demand, domain.value);
        });
        std::ranges::sort(found, [](const Domain& a, const Domain& b) {
            return std::tie(a.free, a.value) < std::tie(b.free, b.value);
        });
        for (const Domain& domain : found) {
            known.insert(domain.value);
            in_order.push_back(domain.value);
        }
    }
    return in_order;
}

Demand without_topology(const Demand& demand) {
    Demand anywhere = demand;
    anywhere.topology.reset();
    return anywhere;
}

Demand within(const Demand& demand, const std::string& domain) {
    Demand inside = without_topology(demand);
    for (TaskGroup& group : inside.groups) {
        group.node_labels[demand.topology->level] = domain;
    }
    return inside;
}

namespace {

constexpr std::size_t kMostStoppableCounted = 4096;

// Adds what the job holds there, in thousandths of devices.
void add_held(const State& state, JobId job, const std::string& level,
              std::map<std::string, std::int64_t>& sums) {
    for (const PlacedTask& task : std::get<Placed>(state.job(job)->state).tasks) {
        if (const std::string* value = state.node(task.node)->label(level)) {
            sums[*value] += gpus_held({task})[kAnyAccelerator].units();
        }
    }
}

// Jobs that may be stopped for others, the first kMostStoppableCounted of them.
std::vector<JobId> stoppable_jobs(const State& state) {
    std::vector<JobId> found;
    for (const auto& [top, below] : state.stoppable()) {
        for (const auto& [tenant, jobs] : below.of) {
            auto each = jobs.begin();
            for (; each != jobs.end() && found.size() < kMostStoppableCounted; ++each) {
                found.push_back(each->job);
            }
        }
    }
    return found;
}

// Of these jobs, by domain.
std::map<std::string, std::int64_t> stoppable_by_domain(const State& state,
                                                        const std::string& level) {
    std::map<std::string, std::int64_t> sums;
    for (const JobId job : stoppable_jobs(state)) {
        add_held(state, job, level, sums);
    }
    return sums;
}

}  // namespace

std::vector<std::string> domains_to_free(const Plan& plan, const Demand& demand) {
    const TaskGroup& group = largest_group(demand);
    const auto stoppable = stoppable_by_domain(plan.state(), demand.topology->level);
    const std::int64_t needed = group.per_task.milli_gpus.units() * group.tasks;
    std::set<std::pair<std::int64_t, std::string>> found;  // fewest missing first
    for (const AcceleratorId accelerator : accelerators(plan, group)) {
        for (const Domain& each :
             domains(plan, demand.topology->level, {demand, group, accelerator})) {
            const auto more = stoppable.find(each.value);
            const bool enough = more != stoppable.end() && each.free + more->second >= needed;
            if (enough && may_be_within(demand, each.value)) {
                found.emplace(-each.tasks, each.value);
            }
        }
    }
    std::vector<std::string> in_order;
    for (const auto& [tasks_down, value] : found) {
        if (std::ranges::find(in_order, value) == in_order.end() &&
            in_order.size() < kMostDomainsToFree) {
            in_order.push_back(value);
        }
    }
    return in_order;
}

std::optional<Domain> best_domain(const Plan& plan, const Demand& demand) {
    const TaskGroup& group = largest_group(demand);
    std::optional<Domain> best;
    for (const AcceleratorId accelerator : accelerators(plan, group)) {
        for (Domain& each : domains(plan, demand.topology->level, {demand, group, accelerator})) {
            if (!best || each.tasks > best->tasks) {
                best = std::move(each);
            }
        }
    }
    return best;
}

std::vector<Share> even_shares(const Plan& plan, const Wanted& wanted) {
    std::vector<Domain> all = domains(plan, wanted.group.spread_over, wanted);
    if (all.empty()) {
        return {};
    }
    const auto number = static_cast<int>(all.size());
    const int each = wanted.group.tasks / number;
    int over = wanted.group.tasks % number;
    std::ranges::sort(all, [](const Domain& a, const Domain& b) {
        return std::tie(a.free, a.value) < std::tie(b.free, b.value);
    });
    std::vector<Share> shares;
    for (const Domain& domain : all) {
        if (domain.tasks < each) {
            return {};
        }
        const bool takes_more = over > 0 && domain.tasks > each;
        over -= takes_more ? 1 : 0;
        if (each + (takes_more ? 1 : 0) > 0) {
            shares.push_back({domain.value, each + (takes_more ? 1 : 0)});
        }
    }
    std::ranges::sort(shares, {}, &Share::domain);
    return over == 0 ? shares : std::vector<Share>{};
}

Demand part_of(const Demand& demand, std::size_t group, const Share& share) {
    Demand part = demand;
    TaskGroup& those = part.groups[group];
    those.tasks = share.tasks;
    those.node_labels[those.spread_over] = share.domain;
    those.spread_over.clear();
    return part;
}

}  // namespace gusu::core
