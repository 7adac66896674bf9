#include "scheduler/core/policy/apart.h"

#include "scheduler/core/policy/elastic.h"
#include "scheduler/core/policy/enclosure.h"
#include "scheduler/core/policy/placement.h"
#include "scheduler/core/policy/reserved.h"

namespace gusu::core {
namespace {

// Where it would be, and may not.
std::set<std::string> nodes_of_others(const Asker& asker, const Demand& demand) {
    const Plan plan = offered_to(asker, demand);
    Plan anywhere = plan;
    anywhere.ignore_occupants();
    std::set<std::string> nodes;
    for (const PlacedTask& task : place(demand, std::move(anywhere)).tasks) {
        const Node& node = *asker.state.node(task.node);
        if (!plan.may_share(demand, node)) {
            nodes.insert(node.description.name);
        }
    }
    return nodes;
}

}  // namespace

std::optional<Constraint> apart_constraint(const Asker& asker) {
    const State& state = asker.state;
    if (!state.somebody_is_enclosed()) {
        return std::nullopt;
    }
    const Demand demand = at_least(*state.asks_now(asker.job));
    const std::set<std::string> nodes = nodes_of_others(asker, demand);
    if (nodes.empty()) {
        return std::nullopt;
    }
    const std::string there =
        (nodes.size() == 1 ? "node " : "nodes ") + named(nodes) +
        (nodes.size() == 1 ? " has room and holds a job" : " have room and hold jobs");
    const Tenant* own = state.tenant(enclosure_of(state, demand.tenant));
    if (own != nullptr) {
        return Constraint{WaitReason::KeptApart,
                          there + " of another tenant, and data of \"" + own->path +
                              "\" is sensitive: its jobs share no node with those of others",
                          "wait for these jobs to end, or have whole nodes guaranteed to \"" +
                              own->path + "\": gusu quota set --guaranteed-nodes"};
    }
    return Constraint{WaitReason::KeptApart,
                      there + " of a tenant whose data is sensitive: it shares no node with others",
                      "wait for these jobs to end, or for room elsewhere"};
}

}  // namespace gusu::core
