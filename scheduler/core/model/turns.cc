#include "scheduler/core/model/turns.h"

#include <utility>

#include "scheduler/base/check.h"

namespace gusu::core {

void Turns::add(const TenantPath& path, const ClassTurn& turn, const DemandPointer& demand) {
    TenantId parent;
    nodes_[parent];
    for (const TenantTurn& step : path) {
        const bool is_new = !nodes_.contains(step.tenant);
        Node& node = nodes_[step.tenant];
        if (is_new) {
            node.parent = parent;
            node.turn = step;
            nodes_.at(parent).below.insert(step);
        } else {
            put(step);
        }
        parent = step.tenant;
    }
    nodes_.at(parent).classes.emplace(turn, demand);
}

void Turns::remove(TenantId tenant, const ClassTurn& turn) {
    check(nodes_.at(tenant).classes.erase(turn) == 1, "a class that is taken out was in");
    drop_if_empty(tenant);
}

void Turns::drop_if_empty(TenantId tenant) {
    for (auto found = nodes_.find(tenant); found != nodes_.end(); found = nodes_.find(tenant)) {
        const Node& node = found->second;
        if (!node.below.empty() || !node.classes.empty()) {
            return;
        }
        const TenantId parent = node.parent;
        if (tenant) {
            nodes_.at(parent).below.erase(node.turn);
        }
        nodes_.erase(found);
        if (!tenant) {
            return;
        }
        tenant = parent;
    }
}

void Turns::put(const TenantTurn& turn) {
    const auto found = nodes_.find(turn.tenant);
    if (found == nodes_.end() || found->second.turn == turn) {
        return;
    }
    std::set<TenantTurn>& siblings = nodes_.at(found->second.parent).below;
    siblings.erase(std::exchange(found->second.turn, turn));
    siblings.insert(turn);
}

const TenantTurn* Turns::turn_of(TenantId tenant) const {
    const auto found = nodes_.find(tenant);
    return found == nodes_.end() ? nullptr : &found->second.turn;
}

std::optional<ClassTurn> Turns::first_of(TenantId tenant) const {
    const auto found = nodes_.find(tenant);
    if (found == nodes_.end() || found->second.classes.empty()) {
        return std::nullopt;
    }
    return found->second.classes.begin()->first;
}

Turns::Head Turns::first() const {
    Head head;
    const Node* node = &nodes_.at(TenantId{});
    while (node->classes.empty()) {
        head.path.push_back(*node->below.begin());
        node = &nodes_.at(node->below.begin()->tenant);
    }
    head.turn = node->classes.begin()->first;
    head.demand = node->classes.begin()->second;
    return head;
}

std::optional<Turns::Head> Turns::first_that(
    const std::function<bool(const Demand&)>& is_wanted) const {
    return nodes_.empty() ? std::nullopt : first_below(nodes_.at(TenantId{}), is_wanted);
}

// The path is put together on the way back.
std::optional<Turns::Head> Turns::first_below(
    const Node& node, const std::function<bool(const Demand&)>& is_wanted) const {
    for (const auto& [turn, demand] : node.classes) {
        if (is_wanted(*demand)) {
            return Head{.path = {}, .turn = turn, .demand = demand};
        }
    }
    for (const TenantTurn& step : node.below) {
        if (auto head = first_below(nodes_.at(step.tenant), is_wanted)) {
            head->path.insert(head->path.begin(), step);
            return head;
        }
    }
    return std::nullopt;
}

void Turns::each_tenant(const std::function<bool(const Head&)>& visit) const {
    if (!nodes_.empty()) {
        TenantPath path;
        walk(nodes_.at(TenantId{}), path, visit);
    }
}

bool Turns::walk(const Node& node, TenantPath& path,
                 const std::function<bool(const Head&)>& visit) const {
    if (!node.classes.empty()) {
        const auto& [turn, demand] = *node.classes.begin();
        if (!visit({path, turn, demand})) {
            return false;
        }
    }
    for (const TenantTurn& step : node.below) {
        path.push_back(step);
        if (!walk(nodes_.at(step.tenant), path, visit)) {
            return false;
        }
        path.pop_back();
    }
    return true;
}

}  // namespace gusu::core
