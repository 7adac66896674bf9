// Whose jobs share nodes with nobody else's, and who is where. Nothing is counted while no tenant's
// data is sensitive.
#include <algorithm>

#include "scheduler/core/apply/apply.h"
#include "scheduler/core/policy/enclosure.h"
#include "scheduler/core/policy/windows.h"

namespace gusu::core {

const Occupants& State::occupants(NodeId node) const {
    static const Occupants kNobody;
    const auto found = occupants_.find(node);
    return found == occupants_.end() ? kNobody : found->second;
}

// Those above it know theirs.
void State::Apply::enclose(Tenant& enclosed) {
    state.enclosures_.erase(enclosed.id);
    const TenantId above = enclosed.parent ? tenant(enclosed.parent).enclosure : TenantId{};
    const bool begins_here = !above && enclosed.description.data_class == DataClass::Sensitive;
    enclosed.enclosure = begins_here ? enclosed.id : above;
    if (begins_here) {
        state.enclosures_.insert(enclosed.id);
    }
}

// Its jobs wait apart from those that may be where they may not. Who may share a node has changed
// wherever somebody is.
void State::Apply::enclose_anew(TenantId changed) {
    const std::vector<JobId> queued = unqueue_below(changed);
    for (auto& [id, each] : state.tenants_) {  // parents have lower ids
        if (is_entitled(state, id, changed)) {
            enclose(each);
        }
    }
    count_occupants();
    requeue(queued);
    std::set<std::string> accelerators;
    for (const auto& [id, each] : state.nodes_) {
        if (!each.tasks.empty()) {
            accelerators.merge(each.accelerators());
            hope_for_node(each, std::nullopt);
        }
    }
    state.pending_.capacity_freed(accelerators, state.tree());
    state.pending_.hope_again();
}

void State::Apply::count_occupants() {
    state.occupants_.clear();
    if (!state.somebody_is_enclosed()) {
        return;
    }
    for (const auto& [id, each] : state.nodes_) {
        for (const TaskRef& held : each.tasks) {
            comes(job(held.job), id, Taken::Before);
        }
    }
}

void State::Apply::comes(const Job& coming, NodeId node, Taken taken) {
    if (!state.somebody_is_enclosed()) {
        return;
    }
    check(taken == Taken::Before || may_share(state, coming.demand(), node),
          "what is placed now is beside nobody that it may not share a node with");
    state.occupants_[node].come(enclosure_of(state, coming.demand().tenant));
}

void State::Apply::goes(const Job& going, NodeId node) {
    if (state.somebody_is_enclosed()) {
        state.occupants_[node].go(enclosure_of(state, going.demand().tenant));
    }
}

}  // namespace gusu::core
