// Nodes on which tasks of one group have room, the fullest first.
#pragma once

#include <optional>
#include <vector>

#include "scheduler/core/policy/plan.h"

namespace gusu::core {

// Whether the node suits, whatever is free on it.
bool suits(const Demand& demand, const TaskGroup& group, const Node& node);

class Rooms {
public:
    // The accelerator is one that some node has; -1 for tasks without GPUs.
    Rooms(const Demand& demand, const TaskGroup& group, AcceleratorId accelerator,
          const Plan& plan);

    // The most tasks that any one node may have room for, at most `at_most`.
    int most_on_a_node(int at_most) const;

    // Begins to walk over the nodes with room for so many tasks, as the plan is now.
    void walk(int tasks);
    // The next of them. The plan may be changed meanwhile only on nodes that were given.
    std::optional<NodeId> next();

private:
    // What is free there in devices that would do (or CPUs), and where the node stands by id.
    struct Place {
        std::int64_t size = 0;
        std::size_t position = 0;

        friend auto operator<=>(const Place&, const Place&) = default;
    };

    bool by_buckets() const { return ask_.devices > 0 && !ask_.is_share(); }
    std::int64_t size_of(const Offer& offer) const;
    bool is_suitable(NodeId id) const;
    void add_changed();
    void add_labelled();
    void add_alike();
    void add_nodes(const NodeIndex::Alike& alike);
    std::optional<Place> next_in_buckets();

    const Demand& demand_;
    const TaskGroup& group_;
    AcceleratorId accelerator_;
    const Plan& plan_;
    Ask ask_;

    int tasks_ = 0;
    std::vector<Place> listed_;  // nodes the buckets do not tell of, in order
    std::size_t listed_next_ = 0;
    Place bucket_from_;
    std::optional<Place> bucket_next_;
};

}  // namespace gusu::core
