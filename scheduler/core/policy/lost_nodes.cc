#include "scheduler/core/policy/lost_nodes.h"

#include <algorithm>

namespace gusu::core {
namespace {

// Three nodes at the least, and a tenth of all that are not lost.
constexpr std::size_t kMany = 3;
constexpr std::size_t kOneOf = 10;

bool many_are_out(const State& state) {
    const std::size_t out = state.leases().size();
    return out >= kMany && out * kOneOf >= state.nodes().size() - state.lost_nodes();
}

const Unreachable& contact(const State& state, NodeId node) {
    return std::get<Unreachable>(state.node(node)->contact);
}

}  // namespace

bool must_await(const State& state, NodeId node) {
    return state.policy().waits_for_many > Duration(0) && !contact(state, node).awaited &&
           many_are_out(state);
}

Events nodes_awaited(const State& state, Time now) {
    Events events;
    for (const auto& [lease_ends, node] : state.leases()) {
        if (!contact(state, node).awaited) {
            const Time until = lease_ends + state.policy().waits_for_many;
            events.push_back(
                {now, NodeContactLost{.node = node, .lease_ends = until, .awaited = true}});
        }
    }
    return events;
}

Awaited awaited(const State& state) {
    Awaited all;
    for (const auto& [until, node] : state.leases()) {
        if (contact(state, node).awaited) {
            ++all.nodes;
            all.until = std::min(all.until, until);
        }
    }
    return all;
}

}  // namespace gusu::core
