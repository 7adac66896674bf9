#include "scheduler/core/policy/placement.h"

#include <algorithm>

#include "scheduler/core/policy/domains.h"
#include "scheduler/core/policy/links.h"
#include "scheduler/core/policy/own_nodes.h"

namespace gusu::core {
namespace {

// Places tasks of one group on one plan.
class GroupPlacer {
public:
    // Accepted: accelerators that some node has, of which one is taken; none for tasks without
    // GPUs.
    GroupPlacer(const Demand& demand, int position, std::vector<AcceleratorId> accepted, Plan& plan)
        : demand_(demand),
          group_(demand.groups[static_cast<std::size_t>(position)]),
          position_(position),
          wish_{.ask = Ask::of(group_), .accepted = std::move(accepted)},
          plan_(plan) {}

    // False if not all fit; the plan is then of no more use, and the placement tells of limits that
    // were in the way of an exclusive job.
    bool place(Placement& placement) {
        std::vector<PlacedTask>& tasks = placement.tasks;
        if (wish_.ask.devices > 0 && wish_.accepted.empty()) {
            return false;
        }
        if (!group_.spread_over.empty()) {
            return place_evenly(placement);
        }
        if (plan_.confines() != nullptr) {
            for (const PlacedTask& task : tasks) {
                own_.take(*plan_.state().node(task.node));
            }
        }
        if (group_.tasks == 1 && it_matters_where()) {
            return place_where_least_is_lost(tasks);
        }
        const bool all =
            group_.spread == Spread::DistinctNodes ? place_apart(tasks) : place_together(tasks);
        if (!all && own_.limit) {
            placement.limit = own_.limit;
        }
        if (!all && own_.lending) {
            placement.lending = own_.lending;
        }
        return all;
    }

private:
    struct Best {
        std::int64_t lost = Loss::kNoRoom;
        std::int64_t free_milli = 0;
        std::int64_t milli_cpus = 0;
        NodeId node;
        FreeDevice device = {};

        bool operator<(const Best& other) const {
            return std::tie(lost, free_milli, milli_cpus, node) <
                   std::tie(other.lost, other.free_milli, other.milli_cpus, other.node);
        }
    };

    bool it_matters_where() const {
        const TypicalTasks& typical = plan_.state().typical_tasks();
        if (plan_.view() == Plan::View::Empty || demand_.sharing == Sharing::Exclusive) {
            return false;
        }
        return wish_.ask.devices == 0
                   ? typical.varied()
                   : wish_.accepted.size() > 1 || typical.fragments(wish_.accepted.front());
    }

    void put(NodeId id, int count, FreeDevice device, std::vector<PlacedTask>& tasks) {
        const Node& node = *plan_.state().node(id);
        for (int i = 0; i < count; ++i) {
            PlacedTask task{
                .group = position_, .node = id, .accelerator = {}, .devices = {}, .state = {}};
            if (wish_.ask.devices > 0) {
                task.accelerator = plan_.nodes().name(device.accelerator);
                task.devices = choose_devices(device, node);
                task.milli_per_device = wish_.ask.milli_each;
                task.slices = choose_slices(task.devices, node);
            }
            plan_.take(task, demand_);
            tasks.push_back(std::move(task));
        }
    }

    // The devices of one task, lowest index first.
    std::vector<int> choose_devices(FreeDevice wanted, const Node& node) const {
        const std::string& accelerator = plan_.nodes().name(wanted.accelerator);
        const Room room = plan_.room(node);
        std::vector<int> usable;
        for (std::size_t i = 0; i < node.description.devices.size(); ++i) {
            const DeviceDescription& device = node.description.devices[i];
            const FreeDevice free{wanted.accelerator, room.device_milli[i], room.slices_of(i)};
            if (device.accelerator == accelerator && plan_.nodes().offers(device) &&
                (device.slices > 0) == wish_.ask.is_slice() && tasks_on(wish_.ask, free) > 0) {
                usable.push_back(static_cast<int>(i));
            }
        }
        return wish_.ask.is_share() ? share_of(wanted, room, usable)
                                    : closest(node.description, usable, wish_.ask.devices);
    }

    // Of the fullest device that has it, or of one with just so much free if that is named.
    static std::vector<int> share_of(FreeDevice wanted, const Room& room,
                                     const std::vector<int>& usable) {
        std::vector<int> chosen;
        int chosen_free = kWholeDevice + 1;
        for (const int device : usable) {
            const auto at = static_cast<std::size_t>(device);
            const int free = room.device_milli[at];
            const bool is_wanted = wanted.milli == free && wanted.slices == room.slices_of(at);
            if (free < chosen_free && (wanted.milli == 0 || is_wanted)) {
                chosen = {device};
                chosen_free = free;
            }
        }
        return chosen;
    }

    Slices choose_slices(const std::vector<int>& devices, const Node& node) const {
        if (!wish_.ask.is_slice()) {
            return 0;
        }
        const auto device = static_cast<std::size_t>(devices.front());
        return *wish_.ask.slice.best_of(plan_.room(node).slices_of(device));
    }

    FreeDevice any_device() const { return {.accelerator = accelerator()}; }
    AcceleratorId accelerator() const {
        return wish_.accepted.empty() ? -1 : wish_.accepted.front();
    }

    std::optional<NodeId> next_of(Rooms& rooms) {
        for (auto node = rooms.next(); node; node = rooms.next()) {
            if (plan_.confines() == nullptr ||
                own_.may_take(plan_, demand_, *plan_.state().node(*node))) {
                return node;
            }
        }
        return std::nullopt;
    }

    bool place_evenly(Placement& placement) {
        const auto shares = even_shares(plan_, {demand_, group_, accelerator()});
        const auto place_share = [&](const Share& share) {
            const Demand part = part_of(demand_, static_cast<std::size_t>(position_), share);
            return GroupPlacer(part, position_, wish_.accepted, plan_).place(placement);
        };
        return !shares.empty() && std::ranges::all_of(shares, place_share);
    }

    bool place_apart(std::vector<PlacedTask>& tasks) {
        Rooms rooms(demand_, group_, accelerator(), plan_);
        rooms.walk(1);
        for (int left = group_.tasks; left > 0; --left) {
            const auto node = next_of(rooms);
            if (!node) {
                return false;
            }
            put(*node, 1, any_device(), tasks);
        }
        return true;
    }

    // As many on a node as possible, and the fullest of such nodes first.
    bool place_together(std::vector<PlacedTask>& tasks) {
        Rooms rooms(demand_, group_, accelerator(), plan_);
        int left = group_.tasks;
        int together = rooms.most_on_a_node(left);
        while (left > 0 && together > 0) {
            together = std::min(together, left);
            rooms.walk(together);
            while (left >= together) {
                const auto node = next_of(rooms);
                if (!node) {
                    break;
                }
                put(*node, together, any_device(), tasks);
                left -= together;
            }
            together = left < together ? left : rooms.most_on_a_node(together - 1);
        }
        return left == 0;
    }

    bool place_where_least_is_lost(std::vector<PlacedTask>& tasks) {
        const State& state = plan_.state();
        const NodeIndex& nodes = plan_.nodes();
        WorthTable& table = state.worth_table();
        WorthTable::Row& row = table.prepare(state.typical_tasks(), nodes, wish_);
        Best best;
        for (std::size_t i = 0; i < nodes.alike().size(); ++i) {
            const NodeIndex::Alike& alike = nodes.alike()[i];
            if (!alike.nodes.empty()) {
                consider(table.loss(row, i), alike, best);
            }
        }
        for (const auto& [id, room] : plan_.changed()) {
            consider(*state.node(id), room, best);
        }
        if (best.lost == Loss::kNoRoom) {
            return false;
        }
        put(best.node, 1, best.device, tasks);
        return true;
    }

    void consider(const Loss& loss, const NodeIndex::Alike& alike, Best& best) const {
        if (!loss.has_room() || loss.worth > best.lost) {
            return;
        }
        Best candidate{.lost = loss.worth,
                       .free_milli = alike.free_milli,
                       .milli_cpus = alike.offer.milli_cpus,
                       .node = {},
                       .device = loss.device};
        for (const NodeId id : alike.nodes) {
            candidate.node = id;
            if (!(candidate < best)) {
                return;
            }
            if (!plan_.changed().contains(id) && is_suitable(*plan_.state().node(id))) {
                best = candidate;
                return;
            }
        }
    }

    void consider(const Node& node, const Room& room, Best& best) const {
        const TypicalTasks& typical = plan_.state().typical_tasks();
        if (!plan_.is_open(node) || !is_suitable(node)) {
            return;
        }
        const Offer offer = plan_.nodes().offer_of(node, room);
        const Loss loss = least_loss(typical, wish_, offer, typical.worth(offer));
        const Best candidate{.lost = loss.worth,
                             .free_milli = offer.free_milli(),
                             .milli_cpus = offer.milli_cpus,
                             .node = node.id,
                             .device = loss.device};
        if (loss.has_room() && candidate < best) {
            best = candidate;
        }
    }

    bool is_suitable(const Node& node) const {
        return plan_.allows(node) && suits(demand_, group_, node) && plan_.admits(demand_, node) &&
               plan_.may_share(demand_, node);
    }

    const Demand& demand_;
    const TaskGroup& group_;
    int position_;
    Wish wish_;
    Plan& plan_;
    OwnNodes own_;  // only of jobs that are confined
};

GpuNeed with_group(GpuNeed need, const TaskGroup& group, const std::string& accelerator) {
    const Amount gpus = group.per_task.milli_gpus.times(group.tasks);
    if (!gpus.is_zero()) {
        need[accelerator] += gpus;
        need[kAnyAccelerator] += gpus;
    }
    return need;
}

// Places one group after another.
class DemandPlacer {
public:
    DemandPlacer(const Demand& demand, Plan plan) : demand_(demand), plan_(std::move(plan)) {}

    Placement place() {
        for (std::size_t position = 0; position < demand_.groups.size(); ++position) {
            if (!place_group(static_cast<int>(position))) {
                placement_.tasks.clear();
                if (placement_.limit) {
                    placement_.closed = {Gate::TenantLimit, placement_.limit->tenant, limit_open_};
                } else if (placement_.lending) {
                    placement_.closed = {Gate::Lending, TenantId{}, true};
                }
                return std::move(placement_);
            }
        }
        if (demand_.sharing == Sharing::Exclusive) {
            keep_idle();
        }
        return std::move(placement_);
    }

private:
    bool place_group(int position) {
        const TaskGroup& group = demand_.groups[static_cast<std::size_t>(position)];
        const std::vector<std::string> within = within_limits(group);
        limit_open_ = !within.empty();
        const bool any = group.accelerators.empty() && group.tasks == 1 && !group.slice &&
                         group.spread_over.empty() && demand_.sharing == Sharing::Shared;
        if (any && plan_.view() == Plan::View::Now) {
            return place_on(position, within);
        }
        return std::ranges::any_of(within, [&](const std::string& accelerator) {
            return place_on(position, {accelerator});
        });
    }

    std::vector<std::string> within_limits(const TaskGroup& group) {
        std::vector<std::string> within = choices(plan_.state(), group);
        if (plan_.view() == Plan::View::Empty) {
            return within;
        }
        std::erase_if(within, [&](const std::string& accelerator) {
            const auto limit =
                limit_closed(plan_.state(), demand_.tenant, with_group(need_, group, accelerator));
            placement_.limit = placement_.limit ? placement_.limit : limit;
            return limit.has_value();
        });
        return within;
    }

    bool place_on(int position, const std::vector<std::string>& accelerators) {
        const TaskGroup& group = demand_.groups[static_cast<std::size_t>(position)];
        std::vector<AcceleratorId> accepted;
        for (const std::string& name : accelerators) {
            const AcceleratorId accelerator = plan_.nodes().accelerator(name);
            if (accelerator >= 0) {
                accepted.push_back(accelerator);
            }
        }
        Plan trial = plan_;
        const std::size_t before = placement_.tasks.size();
        if (!GroupPlacer(demand_, position, std::move(accepted), trial).place(placement_)) {
            placement_.tasks.resize(before);
            return false;
        }
        plan_ = std::move(trial);
        need_ = with_group(std::move(need_), group, placement_.tasks.back().accelerator);
        return true;
    }

    // All that is left of the job's nodes.
    void keep_idle() {
        std::set<NodeId> seen;
        for (PlacedTask& task : placement_.tasks) {
            if (!seen.insert(task.node).second) {
                continue;
            }
            const Node& node = *plan_.state().node(task.node);
            const Room room = plan_.room(node);
            task.idle.milli_cpus = room.milli_cpus;
            task.idle.memory = room.memory;
            for (std::size_t i = 0; i < room.device_milli.size(); ++i) {
                if (room.device_milli[i] > 0) {
                    task.idle.devices.push_back(
                        {.accelerator = node.description.devices[i].accelerator,
                         .device = static_cast<int>(i),
                         .milli = room.device_milli[i],
                         .slices = room.slices_of(i)});
                }
            }
        }
    }

    const Demand& demand_;
    Plan plan_;
    Placement placement_;
    GpuNeed need_;
    bool limit_open_ = false;
};

}  // namespace

std::vector<std::string> choices(const State& state, const TaskGroup& group) {
    if (!group.accelerators.empty()) {
        return group.accelerators;
    }
    if (group.per_task.milli_gpus.is_zero()) {
        return {""};
    }
    std::vector<std::string> all;
    for (const auto& [accelerator, reality] : state.accelerators_seen()) {
        all.push_back(accelerator);
    }
    return all;
}

namespace {

Placement place_anywhere(const Demand& demand, Plan plan) {
    plan = confined(demand, std::move(plan));
    Placement placement = DemandPlacer(demand, plan).place();
    const State& state = plan.state();
    if (!placement.found() || plan.view() == Plan::View::Empty ||
        !leaves_nodes_whole(state, demand)) {
        return placement;
    }
    const auto taken = whole_nodes_taken(state, demand, placement.tasks);
    if (!taken) {
        return placement;
    }
    Confines confines = plan.confines() == nullptr ? Confines{} : *plan.confines();
    keep_whole_nodes(state, demand, confines);
    plan.confine(std::make_shared<Confines>(std::move(confines)));
    Placement other = DemandPlacer(demand, std::move(plan)).place();
    if (other.found() && whole_nodes_taken(state, demand, other.tasks)) {
        other = Placement{};
    }
    other.kept = other.found() ? std::nullopt : taken;
    return other;
}

Placement place_close_together(const Demand& demand, const Plan& plan) {
    // A limit that closes a domain, or whole nodes there, tell more than that others have no room.
    Placement closed;
    for (const std::string& domain : domains_to_try(confined(demand, plan), demand)) {
        Placement placement = place_anywhere(within(demand, domain), plan);
        if (placement.found()) {
            return placement;
        }
        if (closed.closed.gate == Gate::Capacity && !closed.kept) {
            closed = std::move(placement);
        }
    }
    const bool must =
        demand.topology->closeness == Closeness::Required || demand.topology->wait > Duration(0);
    Placement anywhere = place_anywhere(demand, plan);
    return anywhere.found() && must ? closed : anywhere;
}

}  // namespace

Placement place(const Demand& demand, Plan plan) {
    return demand.topology ? place_close_together(demand, plan)
                           : place_anywhere(demand, std::move(plan));
}

}  // namespace gusu::core
