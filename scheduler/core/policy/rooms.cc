#include "scheduler/core/policy/rooms.h"

#include <algorithm>

namespace gusu::core {
namespace {

// Tasks with GPUs are placed by accelerator; tasks without may still want to be beside one.
bool has_accelerator(const TaskGroup& group, const Node& node) {
    if (group.accelerators.empty() || !group.per_task.milli_gpus.is_zero()) {
        return true;
    }
    return std::ranges::any_of(node.description.devices, [&](const DeviceDescription& device) {
        return std::ranges::find(group.accelerators, device.accelerator) !=
               group.accelerators.end();
    });
}

}  // namespace

bool suits(const Demand& demand, const TaskGroup& group, const Node& node) {
    const char* runtime = demand.runtime == Runtime::Process ? "process" : "container";
    return node.description.runtimes.contains(runtime) && has_accelerator(group, node) &&
           std::ranges::all_of(group.node_labels, [&](const auto& wanted) {
               const std::string* value = node.label(wanted.first);
               return value != nullptr && *value == wanted.second;
           });
}

Rooms::Rooms(const Demand& demand, const TaskGroup& group, AcceleratorId accelerator,
             const Plan& plan)
    : demand_(demand),
      group_(group),
      accelerator_(accelerator),
      plan_(plan),
      ask_(Ask::of(group)) {}

int Rooms::most_on_a_node(int at_most) const {
    if (by_buckets()) {
        return std::min(at_most, plan_.nodes().most_devices(accelerator_) / ask_.devices);
    }
    int most = 0;
    for (const NodeIndex::Alike& alike : plan_.nodes().alike()) {
        if (!alike.nodes.empty()) {
            most = std::max(most, tasks_that_fit(ask_, accelerator_, alike.offer, at_most));
        }
    }
    for (const auto& [id, room] : plan_.changed()) {
        const Offer offer = plan_.nodes().offer_of(*plan_.state().node(id), room);
        most = std::max(most, tasks_that_fit(ask_, accelerator_, offer, at_most));
    }
    return most;
}

void Rooms::walk(int tasks) {
    tasks_ = tasks;
    listed_.clear();
    listed_next_ = 0;
    add_changed();
    bucket_next_.reset();
    if (!group_.node_labels.empty()) {
        add_labelled();
    } else if (by_buckets()) {
        const std::int64_t least = std::int64_t{tasks} * ask_.devices;
        bucket_from_ = {.size = std::min<std::int64_t>(least, NodeIndex::kMostWhole),
                        .position = 0};
        bucket_next_ = next_in_buckets();
    } else {
        add_alike();
    }
    std::ranges::sort(listed_);
}

std::optional<NodeId> Rooms::next() {
    const bool listed = listed_next_ < listed_.size();
    if (listed && (!bucket_next_ || listed_[listed_next_] < *bucket_next_)) {
        return plan_.nodes().node_at(listed_[listed_next_++].position);
    }
    if (!bucket_next_) {
        return std::nullopt;
    }
    const NodeId found = plan_.nodes().node_at(bucket_next_->position);
    bucket_next_ = next_in_buckets();
    return found;
}

std::int64_t Rooms::size_of(const Offer& offer) const {
    if (by_buckets()) {
        return std::min(NodeIndex::kMostWhole, offer.whole_devices(accelerator_));
    }
    if (ask_.devices == 0) {
        return offer.milli_cpus;
    }
    std::int64_t size = 0;
    for (const FreeDevice& device : offer.devices) {
        const bool is_of_use =
            device.accelerator == accelerator_ && (device.slices != 0) == ask_.is_slice();
        size += is_of_use ? device.milli : 0;
    }
    return size;
}

bool Rooms::is_suitable(NodeId id) const {
    const Node& node = *plan_.state().node(id);
    return plan_.allows(node) && suits(demand_, group_, node) && plan_.admits(demand_, node) &&
           plan_.may_share(demand_, node);
}

void Rooms::add_changed() {
    for (const auto& [id, room] : plan_.changed()) {
        const Node& node = *plan_.state().node(id);
        const Offer offer = plan_.nodes().offer_of(node, room);
        if (plan_.is_open(node) && tasks_that_fit(ask_, accelerator_, offer, tasks_) == tasks_ &&
            is_suitable(id)) {
            listed_.push_back({.size = size_of(offer), .position = plan_.nodes().position_of(id)});
        }
    }
}

// Of nodes that carry a label there are few: those are looked at, in place of all with room.
void Rooms::add_labelled() {
    const std::vector<NodeId>* fewest = nullptr;
    for (const auto& [label, value] : group_.node_labels) {
        const NodesByLabel::Values& values = plan_.state().nodes_by(label);
        const auto found = values.find(value);
        if (found == values.end()) {
            return;
        }
        if (fewest == nullptr || found->second.size() < fewest->size()) {
            fewest = &found->second;
        }
    }
    for (const NodeId id : *fewest) {
        if (plan_.changed().contains(id) || !plan_.is_open(*plan_.state().node(id))) {
            continue;
        }
        const std::size_t position = plan_.nodes().position_of(id);
        const Offer& offer = plan_.nodes().offer_at(position);
        if (tasks_that_fit(ask_, accelerator_, offer, tasks_) == tasks_ && is_suitable(id)) {
            listed_.push_back({.size = size_of(offer), .position = position});
        }
    }
}

void Rooms::add_alike() {
    for (const NodeIndex::Alike& alike : plan_.nodes().alike()) {
        const bool some = !alike.nodes.empty();
        if (some && tasks_that_fit(ask_, accelerator_, alike.offer, tasks_) == tasks_) {
            add_nodes(alike);
        }
    }
}

// Of nodes that are alike a single task takes the first, so the others need not be listed.
void Rooms::add_nodes(const NodeIndex::Alike& alike) {
    const std::int64_t size = size_of(alike.offer);
    for (const NodeId id : alike.nodes) {
        if (plan_.changed().contains(id) || !is_suitable(id)) {
            continue;
        }
        listed_.push_back({.size = size, .position = plan_.nodes().position_of(id)});
        if (group_.tasks == 1) {
            return;
        }
    }
}

std::optional<Rooms::Place> Rooms::next_in_buckets() {
    for (; bucket_from_.size <= NodeIndex::kMostWhole; bucket_from_ = {bucket_from_.size + 1, 0}) {
        const PositionSet& bucket =
            plan_.nodes().with_whole(accelerator_, static_cast<int>(bucket_from_.size));
        for (std::size_t at = bucket.next(bucket_from_.position); at != PositionSet::kNone;
             at = bucket.next(at + 1)) {
            const NodeId id = plan_.nodes().node_at(at);
            const bool fits =
                tasks_that_fit(ask_, accelerator_, plan_.nodes().offer_at(at), tasks_) == tasks_;
            if (fits && !plan_.changed().contains(id) && is_suitable(id)) {
                bucket_from_.position = at + 1;
                return Place{.size = bucket_from_.size, .position = at};
            }
        }
    }
    return std::nullopt;
}

}  // namespace gusu::core
