// An overlay on the rooms of nodes: what is tried on it is forgotten with it. Copies are cheap.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "scheduler/core/model/state.h"

namespace gusu::core {

struct Confines;

class Plan {
public:
    // Now: what is free on nodes that take work, within limits. Empty: all nodes ever seen as if
    // nothing ran on them, without limits; `nodes` is then what empty_nodes() gives.
    enum class View { Now, Empty };

    Plan(const State& state, View view, const NodeIndex& nodes);
    // As if nothing were reserved, ...
    explicit Plan(const State& state) : Plan(state, View::Now, state.open_nodes()) {}
    // ... and for jobs that start at this time.
    Plan(const State& state, Time now) : Plan(state) { now_ = now; }

    const State& state() const { return *state_; }
    View view() const { return view_; }
    // As without the plan: what is said of a node in changed() is out of date.
    const NodeIndex& nodes() const { return *nodes_; }
    const std::map<NodeId, Room>& changed() const { return *changed_; }
    Room room(const Node& node) const;
    bool is_open(const Node& node) const { return view_ == View::Empty || node.takes_work(); }
    // Whether a job of this demand is in nobody's way on the node.
    bool admits(const Demand& demand, const Node& node) const;
    // Whether it would be beside nobody there that it may not share a node with.
    bool may_share(const Demand& demand, const Node& node) const;
    // Who is on the node; counted only while somebody is enclosed.
    const Occupants& occupants(const Node& node) const;
    // For who asks where there is room whoever is there.
    void ignore_occupants() { ignores_occupants_ = true; }
    // Whether nothing is on the node, as far as anybody knows.
    bool is_untouched(const Node& node) const;

    // For one job that may not go everywhere; see policy/confines.h.
    void confine(std::shared_ptr<const Confines> confines) { confines_ = std::move(confines); }
    const Confines* confines() const { return confines_.get(); }
    bool allows(const Node& node) const;

    // As much of it as is free: the place is kept for somebody.
    void keep(const PlacedTask& task, const Demand& demand);
    // The room must be there.
    void take(const PlacedTask& task, const Demand& demand);
    // All tasks of a placed job are gone, or one is. Of a node that came back smaller than what
    // runs on it nobody knows what becomes free, so nothing does, nor does by tasks that leave
    // anyway: their room goes to others. What tenants use stays as it is.
    void release(const Job& placed);
    void release(const Job& placed, int rank);

private:
    Room& change(const Node& node);
    bool counts_occupants() const {
        return view_ == View::Now && state_->somebody_is_enclosed() && !ignores_occupants_;
    }
    Occupants& change_occupants(const Node& node);

    const State* state_;
    View view_;
    const NodeIndex* nodes_;
    std::optional<Time> now_;
    std::shared_ptr<std::map<NodeId, Room>>
        changed_;                               // shared by copies until one of them changes it
    std::shared_ptr<const Confines> confines_;  // none for most jobs
    bool ignores_occupants_ = false;
    std::shared_ptr<std::map<NodeId, Occupants>> occupants_;  // where they are others; as changed_
};

// What a task held is free again.
void give_back(const PlacedTask& task, const Resources& each, Room& room);

// All nodes ever seen, as if nothing ran on them and all devices were healthy.
NodeIndex empty_nodes(const State& state);

}  // namespace gusu::core
