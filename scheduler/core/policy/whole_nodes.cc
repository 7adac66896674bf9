#include "scheduler/core/policy/whole_nodes.h"

#include <algorithm>
#include <map>

#include "scheduler/core/policy/quota.h"

namespace gusu::core {
namespace {

// Who holds which nodes once all that is decided has happened, and some more.
class Outlook {
public:
    explicit Outlook(const State& state) : state_(state), nodes_(state.whole_nodes()) {
        for (const auto& [id, nomination] : state.nominations()) {
            const Demand& demand = state.job(id)->demand();
            if (is_firm(state.policy(), demand)) {
                place(demand.tenant, nomination.tasks);
            }
        }
    }

    void place(TenantId tenant, const std::vector<PlacedTask>& tasks) {
        for (const PlacedTask& task : tasks) {
            if (const auto known = nodes_.nodes().find(task.node); known != nodes_.nodes().end()) {
                const Holding before = holding(task.node, known->second);
                holdings_[task.node] = before.with(lineage(tenant));
                count(known->second.accelerators, before, -1);
                count(known->second.accelerators, holdings_[task.node], +1);
            }
        }
    }

    // As if the tenant held one more node that nobody holds now.
    void take_one(TenantId tenant, const std::string& accelerator) {
        count({accelerator}, Holding{}, -1);
        count({accelerator}, Holding{}.with(lineage(tenant)), +1);
    }

    const Holding& holding(NodeId id, const WholeNodes::Node& node) const {
        const auto found = holdings_.find(id);
        return found == holdings_.end() ? node.holding : found->second;
    }

    int unheld(const std::string& accelerator) const {
        const auto more = unheld_.find(accelerator);
        return nodes_.unheld(accelerator) + (more == unheld_.end() ? 0 : more->second);
    }

    // Nodes that tenants are guaranteed beyond those they hold: at each level as many as the levels
    // below are, or more.
    int outstanding(const std::string& accelerator) const {
        const auto guarantees = nodes_.guarantees().find(accelerator);
        if (guarantees == nodes_.guarantees().end()) {
            return 0;
        }
        // The deepest first, so that all that is below a tenant is known when its turn comes.
        std::map<std::pair<std::int64_t, TenantId>, int> guaranteed;
        for (const auto& [tenant, nodes] : guarantees->second) {
            const std::vector<TenantId>& path = lineage(tenant);
            for (std::size_t depth = 0; depth < path.size(); ++depth) {
                guaranteed.try_emplace({-static_cast<std::int64_t>(depth), path[depth]}, 0);
            }
            guaranteed[{1 - static_cast<std::int64_t>(path.size()), tenant}] = nodes;
        }
        std::map<TenantId, int> below;
        for (const auto& [place, nodes] : guaranteed) {
            const TenantId tenant = place.second;
            const int own = std::max(0, nodes - held_by(accelerator, tenant));
            below[state_.tenant(tenant)->parent] += std::max(own, below[tenant]);
        }
        return below[TenantId{}];
    }

    int missing(const std::string& accelerator) const {
        return std::max(0, outstanding(accelerator) - unheld(accelerator));
    }

private:
    const std::vector<TenantId>& lineage(TenantId tenant) const {
        return state_.tenant(tenant)->lineage;
    }

    int held_by(const std::string& accelerator, TenantId tenant) const {
        const auto more = held_.find({accelerator, tenant});
        return nodes_.held_by(accelerator, tenant) + (more == held_.end() ? 0 : more->second);
    }

    void count(const std::set<std::string>& accelerators, const Holding& holding, int nodes) {
        for (const std::string& accelerator : accelerators) {
            unheld_[accelerator] += holding.held == Held::ByNobody ? nodes : 0;
            for (const TenantId tenant : holding.lineage) {
                held_[{accelerator, tenant}] += nodes;
            }
        }
    }

    const State& state_;
    const WholeNodes& nodes_;
    std::map<NodeId, Holding> holdings_;
    std::map<std::string, int> unheld_;                     // more than in the state
    std::map<std::pair<std::string, TenantId>, int> held_;  // more than in the state
};

// Whether a firm job of the tenant takes something from somebody by being there.
bool takes_by_being_there(const State& state, const std::vector<TenantId>& tenant,
                          const Holding& before) {
    if (before.held == Held::ByNobody) {
        return true;
    }
    const std::size_t still = before.with(tenant).lineage.size();
    return std::any_of(before.lineage.begin() +
                           static_cast<std::ptrdiff_t>(std::min(still, before.lineage.size())),
                       before.lineage.end(),
                       [&](TenantId loser) { return state.whole_nodes().is_guaranteed_to(loser); });
}

// Of nodes that nobody holds the tenant may take so many.
std::size_t most_to_take(const State& state, TenantId tenant, int asked) {
    std::size_t most = static_cast<std::size_t>(asked);
    for (const auto& [accelerator, guarantees] : state.whole_nodes().guarantees()) {
        Outlook outlook(state);
        const int missing = outlook.missing(accelerator);
        std::size_t taken = 0;
        while (taken < most && outlook.unheld(accelerator) > 0) {
            outlook.take_one(tenant, accelerator);
            if (outlook.missing(accelerator) > missing) {
                break;
            }
            ++taken;
        }
        most = std::min(most, taken);
    }
    return most;
}

}  // namespace

bool leaves_nodes_whole(const State& state, const Demand& demand) {
    return state.whole_nodes().is_guaranteed_to_somebody() && is_firm(state.policy(), demand);
}

std::optional<WholeNodesKept> whole_nodes_taken(const State& state, const Demand& demand,
                                                const std::vector<PlacedTask>& tasks) {
    const Outlook before(state);
    Outlook after = before;
    after.place(demand.tenant, tasks);
    for (const auto& [accelerator, guarantees] : state.whole_nodes().guarantees()) {
        if (after.missing(accelerator) > before.missing(accelerator)) {
            return WholeNodesKept{.accelerator = accelerator,
                                  .could_be_given = before.unheld(accelerator),
                                  .guaranteed = before.outstanding(accelerator)};
        }
    }
    return std::nullopt;
}

void keep_whole_nodes(const State& state, const Demand& demand, Confines& confines) {
    const Outlook outlook(state);
    const std::vector<TenantId>& tenant = state.tenant(demand.tenant)->lineage;
    const auto is_guaranteed = [&](const std::string& accelerator) {
        return state.whole_nodes().guarantees().contains(accelerator);
    };
    for (const auto& [id, node] : state.whole_nodes().nodes()) {
        if (std::ranges::any_of(node.accelerators, is_guaranteed) &&
            takes_by_being_there(state, tenant, outlook.holding(id, node))) {
            confines.kept.push_back(id);
        }
    }
    confines.most_of_kept = most_to_take(state, demand.tenant, demand.tasks());
}

int whole_nodes_missing(const State& state) {
    const Outlook outlook(state);
    int sum = 0;
    for (const auto& [accelerator, guarantees] : state.whole_nodes().guarantees()) {
        sum += outlook.missing(accelerator);
    }
    return sum;
}

TenantId guaranteed_whole_nodes(const State& state, TenantId tenant) {
    if (!state.whole_nodes().is_guaranteed_to_somebody()) {
        return TenantId{};
    }
    TenantId nearest;
    for (const TenantId each : state.tenant(tenant)->lineage) {
        nearest = state.whole_nodes().is_guaranteed_to(each) ? each : nearest;
    }
    return nearest;
}

}  // namespace gusu::core
