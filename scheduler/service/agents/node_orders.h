// What nodes are to do, from the state and its events. Used on the engine's thread only.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "gusu/v1/agent_service.pb.h"
#include "scheduler/core/event.h"
#include "scheduler/core/model/state.h"

namespace gusu::service {

// A message to come; its epoch and sequence are set when it is sent.
struct Order {
    v1::Desired desired;
    std::size_t bytes = 0;  // about
};
using Orders = std::vector<Order>;

// Messages are cut at this size. An agent takes four times as much.
inline constexpr std::size_t kMostOrderBytes = std::size_t{16} << 20;

class NodeOrders {
public:
    // Everything desired of the node; the first order is full. From now on changes() has what
    // changes there.
    Orders full(const core::State& state, const core::Node& node);
    // No longer.
    void forget(NodeId node) { told_.erase(node); }

    // What `events`, all of them applied to `state`, mean for the nodes that are told.
    std::map<NodeId, Orders> changes(const core::State& state, const core::Events& events);

private:
    struct Change;

    std::set<NodeId> told_;
    // Tasks that told nodes know of; until their attempt ends.
    std::map<IncarnationId, std::set<std::pair<NodeId, int>>> desired_;
};

}  // namespace gusu::service
