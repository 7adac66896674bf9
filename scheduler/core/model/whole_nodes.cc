#include "scheduler/core/model/whole_nodes.h"

#include <algorithm>

namespace gusu::core {
namespace {

template <typename Map, typename Key>
int number_of(const Map& map, const Key& key) {
    const auto found = map.find(key);
    return found == map.end() ? 0 : found->second;
}

}  // namespace

Holding Holding::with(const std::vector<TenantId>& tenant) const {
    if (held == Held::BySeveral) {
        return *this;
    }
    if (held == Held::ByNobody) {
        return {.held = Held::ByOne, .lineage = tenant};
    }
    const auto [mine, theirs] = std::ranges::mismatch(lineage, tenant);
    if (mine == lineage.begin()) {
        return {.held = Held::BySeveral};
    }
    return {.held = Held::ByOne, .lineage = {lineage.begin(), mine}};
}

void WholeNodes::guarantee(const std::string& accelerator, TenantId tenant, int nodes) {
    if (nodes > 0) {
        guarantees_[accelerator][tenant] = nodes;
    } else if (const auto found = guarantees_.find(accelerator); found != guarantees_.end()) {
        found->second.erase(tenant);
        if (found->second.empty()) {
            guarantees_.erase(found);
        }
    }
}

bool WholeNodes::is_guaranteed_to(TenantId tenant) const {
    return std::ranges::any_of(guarantees_,
                               [&](const auto& each) { return each.second.contains(tenant); });
}

void WholeNodes::put(NodeId node, const std::set<std::string>& accelerators, Holding holding) {
    drop(node);
    Node& put = nodes_[node];
    put = {.accelerators = accelerators, .holding = std::move(holding)};
    count(put, +1);
}

void WholeNodes::drop(NodeId node) {
    if (const auto found = nodes_.find(node); found != nodes_.end()) {
        count(found->second, -1);
        nodes_.erase(found);
    }
}

void WholeNodes::clear() {
    nodes_.clear();
    unheld_.clear();
    held_.clear();
}

int WholeNodes::unheld(const std::string& accelerator) const {
    return number_of(unheld_, accelerator);
}

int WholeNodes::held_by(const std::string& accelerator, TenantId tenant) const {
    const auto found = held_.find(accelerator);
    return found == held_.end() ? 0 : number_of(found->second, tenant);
}

void WholeNodes::count(const Node& node, int nodes) {
    for (const std::string& accelerator : node.accelerators) {
        if (node.holding.held == Held::ByNobody) {
            unheld_[accelerator] += nodes;
        }
        for (const TenantId tenant : node.holding.lineage) {
            held_[accelerator][tenant] += nodes;
        }
    }
}

}  // namespace gusu::core
