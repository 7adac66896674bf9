#include <algorithm>

#include "scheduler/core/apply/apply.h"

namespace gusu::core {

void State::apply(const Event& event) {
    last_event_ = std::max(last_event_, event.at);
    std::visit(Apply{*this, event.at}, event.body);
}

void State::Apply::operator()(const HistoryRestored& event) {
    state.history_.restore(event.likeness, event.past);
}

void State::Apply::operator()(const LeadershipTaken& event) { state.epoch_ = event.epoch; }

void State::Apply::operator()(const CatalogueChanged& event) {
    state.catalogue_.clear();
    for (const Accelerator& accelerator : event.accelerators) {
        state.catalogue_[accelerator.name] = accelerator;
    }
    ++state.inventory_version_;
}

void State::Apply::operator()(const RoleGranted& event) {
    state.directory_.grants.insert(event.grant);
}

void State::Apply::operator()(const RoleRevoked& event) {
    state.directory_.grants.erase(event.grant);
}

void State::Apply::operator()(const TokenIssued& event) {
    state.directory_.tokens[event.token.id] = event.token;
    state.directory_.token_id_by_hash[event.token.hash] = event.token.id;
}

void State::Apply::operator()(const TokenRevoked& event) {
    const auto found = state.directory_.tokens.find(event.id);
    check(found != state.directory_.tokens.end(), "a token that is revoked exists");
    state.directory_.token_id_by_hash.erase(found->second.hash);
    state.directory_.tokens.erase(found);
}

void State::Apply::operator()(const CountersRestored& event) {
    state.next_id_ = std::max(state.next_id_, event.next_id);
    state.epoch_ = event.epoch;
}

void State::Apply::given(std::uint64_t id) { state.next_id_ = std::max(state.next_id_, id + 1); }

Job& State::Apply::job(JobId id) {
    const auto found = state.jobs_.find(id);
    check(found != state.jobs_.end(), "an event names a job that is there");
    return found->second;
}

Node& State::Apply::node(NodeId id) {
    const auto found = state.nodes_.find(id);
    check(found != state.nodes_.end(), "an event names a node that is there");
    return found->second;
}

Tenant& State::Apply::tenant(TenantId id) {
    const auto found = state.tenants_.find(id);
    check(found != state.tenants_.end(), "an event names a tenant that is there");
    return found->second;
}

}  // namespace gusu::core
