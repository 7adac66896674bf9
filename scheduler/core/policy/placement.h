// Where a job fits. A gang is placed whole or not at all.
//
// Single tasks go to the fullest node with room, so that whole nodes stay free for large jobs;
// several tasks of a group go to as few nodes as hold them; shares of a device go to the fullest
// device.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "scheduler/core/model/state.h"
#include "scheduler/core/policy/quota.h"

namespace gusu::core {

// An overlay on the rooms of nodes: what is tried on it is forgotten with it.
class Plan {
public:
    // Now: what is free on nodes that take work, within limits. Empty: all nodes ever seen as if
    // nothing ran on them, without limits; `rankings` then comes from empty_rankings().
    enum class View { Now, Empty };

    Plan(const State& state, View view, const State::Rankings& rankings)
        : state_(&state), view_(view), rankings_(&rankings) {}
    explicit Plan(const State& state) : Plan(state, View::Now, state.nodes_by_room()) {}

    const State& state() const { return *state_; }
    View view() const { return view_; }
    const State::Ranking& ranking(const std::string& accelerator) const;
    const Room& room(const Node& node);
    void take(const PlacedTask& task, const Resources& each);

private:
    const State* state_;
    View view_;
    const State::Rankings* rankings_;
    std::map<NodeId, Room> changed_;
};

State::Rankings empty_rankings(const State& state);

// Where the demand can be, or which gate is closed: a tenant's limit, or capacity.
struct Placement {
    std::vector<PlacedTask> tasks;  // by rank; not empty if it can be placed
    Parked closed;
    std::optional<LimitClosed> limit;

    bool found() const { return !tasks.empty(); }
};

Placement place(const Demand& demand, Plan plan);

// Tasks of one group, on nodes with this accelerator ("" for tasks without GPUs).
struct Choice {
    const TaskGroup* group = nullptr;
    std::string accelerator;
};

// How many of them fit in this room of the node, at most `at_most`.
int tasks_that_fit(const Choice& choice, const Node& node, const Room& room, int at_most);

// Whether labels and runtime of the node suit.
bool suits(const Demand& demand, const TaskGroup& group, const Node& node);

// Accelerators a group may use, in order of preference; {""} if it needs none.
std::vector<std::string> choices(const State& state, const TaskGroup& group);

}  // namespace gusu::core
