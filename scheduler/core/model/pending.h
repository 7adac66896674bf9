// Jobs that wait and could start now as far as they themselves are concerned: not held, no
// dependency or begin time open. Jobs of equal demand form one class, and classes that ask for the
// same resources one shape: what one shape finds no room for is asked once, whoever wants it, and
// again only when room comes up that it could use.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "scheduler/core/model/turns.h"

namespace gusu::core {

struct DemandLess {
    using is_transparent = void;
    bool operator()(const DemandPointer& a, const DemandPointer& b) const {
        return a != b && *a < *b;
    }
    bool operator()(const DemandPointer& a, const Demand& b) const { return *a < b; }
    bool operator()(const Demand& a, const DemandPointer& b) const { return a < *b; }
};

// Of jobs that have to leave nodes whole: under whose guarantee they may take one.
struct Standing {
    bool firm = false;
    TenantId whole_nodes;

    friend auto operator<=>(const Standing&, const Standing&) = default;
};

// What of a demand decides where it fits.
struct Shape {
    Runtime runtime = Runtime::Process;
    Sharing sharing = Sharing::Shared;
    std::optional<Topology> topology = {};
    std::vector<TaskGroup> groups;
    TenantId entitlement = {};  // the nearest tenant, itself or above, that has reserved nodes
    Standing standing = {};
    TenantId enclosure = {};  // its jobs share nodes with no others; see policy/enclosure.h

    friend auto operator<=>(const Shape&, const Shape&) = default;
};

// What a class waits for: something of one tenant, or that less is lent out.
enum class Gate { TenantSuspended, JobCount, TenantLimit, Lending, Capacity };

struct Parked {
    Gate gate = Gate::Capacity;
    TenantId tenant;         // whose suspension, count or limit; none otherwise
    bool room_helps = true;  // to be asked again when room comes up
};

struct PendingClass {
    std::set<JobTurn> jobs;  // in the order in which they go
    std::optional<Parked> parked;
    std::uint64_t shape = 0;  // for PendingJobs itself
};

// Where a tenant stands for a job that needs so much; see policy/order.h.
using TurnOf = std::function<TenantTurn(TenantId, const GpuNeed&)>;

class PendingJobs {
public:
    using Classes = std::map<DemandPointer, PendingClass, DemandLess>;

    struct Tree {
        TurnOf turn_of;
        std::function<std::vector<TenantId>(TenantId)> from_the_top;  // down to this tenant
        std::function<GpuNeed(const Demand&)> need_of;
        std::function<TenantId(TenantId)> entitlement_of;
        std::function<Standing(const Demand&)> standing_of;
        std::function<TenantId(TenantId)> enclosure_of;
    };

    const Classes& classes() const { return classes_; }
    const PendingClass* of(const Demand& demand) const;

    // The class to be tried next: the first of all those whose shape may find room. nullopt: none.
    std::optional<Turns::Head> next() const;
    // Nothing of this demand's shape finds room, until some comes up.
    void close(const DemandPointer& demand);
    // Nor do those of its shape that would stay as long; shorter ones may. Where it depends on the
    // turn, so may those who come now, and all once turns have changed.
    enum class Newcomers { Closed, Open };
    void close_longer(const DemandPointer& demand, Newcomers newcomers);
    // Out of turn until what closes the gate changes.
    void park(const DemandPointer& demand, Parked parked);
    bool anything_open() const { return !open_.empty(); }

    // For whom room might be made by preemption: the first class of each tenant in each shape, of a
    // shape those of the first `most` tenants. In order; none that was asked in vain since
    // something changed that could help it.
    std::vector<Turns::Head> hopeful(std::size_t most) const;
    void asked_in_vain(const DemandPointer& demand);
    void hopes_are_asked() { hopeful_.clear(); }
    void hope_for(const DemandPointer& demand);
    bool has_hope() const { return !hopeful_.empty(); }
    // Other jobs may be stopped now than before: for anybody, or for who wants this accelerator.
    void hope_again();
    void hope_again(const std::string& accelerator);
    // More can be had on a node with these accelerators. Who asks for a single task can be asked
    // about that node alone: for these, as far as their demand suits it, see fit_on_a_node(). The
    // others are asked in full.
    void hope_for_gangs(const std::set<std::string>& accelerators);
    std::vector<Turns::Head> fit_on_a_node(const std::set<std::string>& accelerators,
                                           std::size_t most,
                                           const std::function<bool(const Demand&)>& suits) const;

    void add(const JobTurn& job, const DemandPointer& demand, const Tree& tree);
    // No harm if it is not there.
    void remove(const JobTurn& job, const DemandPointer& demand, const Tree& tree);

    // Everything is to be asked again.
    void reopen(const Tree& tree);
    // Room came up on a node with these accelerators, or new nodes did.
    void capacity_freed(const std::set<std::string>& accelerators, const Tree& tree);
    // The tenant's use fell or its limits changed.
    void tenant_freed(TenantId tenant, const Tree& tree);
    // The tenant's use or guarantee changed, so its turn may have.
    void turn_changed(TenantId tenant, const Tree& tree);

private:
    // Given in order of appearance; decides nothing.
    using ShapeId = std::uint64_t;
    struct ShapeQueue {
        Shape shape;
        GpuNeed need;
        std::set<std::string> accelerators;
        std::size_t classes = 0;  // parked ones too
        std::set<TenantId> asked_in_vain;
        Turns turns;  // those in turn

        // One task, that needs no more than room on a node.
        bool is_single_task() const {
            return shape.groups.size() == 1 && shape.groups.front().tasks == 1 &&
                   shape.sharing == Sharing::Shared && !shape.topology;
        }
    };

    // What of a shape is closed, by time limit; kForever stands for none.
    struct ClosedFrom {
        std::optional<Duration> firm;
        std::optional<Duration> preemptible;
        Newcomers newcomers = Newcomers::Closed;

        bool closes(const Demand& demand) const;
    };

    static ClassTurn turn_of(const Demand& demand, const PendingClass& jobs);
    std::optional<Turns::Head> first_open(ShapeId shape) const;
    void open_for(const DemandPointer& newcomer, ShapeId shape);
    void open_all(const std::set<ShapeId>& shapes);
    ShapeId shape_of(const Demand& demand, const Tree& tree);
    void drop_class(Classes::iterator dropped);
    void enter(const DemandPointer& demand, const PendingClass& jobs, const Tree& tree);
    void leave(const DemandPointer& demand, const PendingClass& jobs);
    void hope_for(ShapeId shape);
    void hope_for_first(const Demand& demand, const PendingClass& jobs);
    std::set<ShapeId> wanting(const std::set<std::string>& accelerators) const;
    using Wanted = std::function<bool(const ShapeQueue&, const Turns::Head&)>;
    std::vector<Turns::Head> in_order(const std::set<ShapeId>& shapes, std::size_t most,
                                      const Wanted& wanted) const;
    void forget_parked(const DemandPointer& demand, const Parked& parked);
    void unpark(const std::set<DemandPointer, DemandLess>& parked, const Tree& tree);

    Classes classes_;
    std::map<Shape, ShapeId> shape_ids_;
    std::map<ShapeId, ShapeQueue> shapes_;
    ShapeId last_shape_ = 0;
    std::map<std::string, std::set<ShapeId>> by_accelerator_;
    std::set<ShapeId> open_;
    std::map<ShapeId, ClosedFrom> closed_from_;  // of those closed in part; they may be open
    std::set<ShapeId> hopeful_;
    std::map<TenantId, std::set<DemandPointer, DemandLess>> parked_by_tenant_;
    std::set<DemandPointer, DemandLess> parked_until_room_;
};

// Accelerators of which room would help the demand; kAnyAccelerator for those content with any, ""
// for those without GPUs.
std::set<std::string> accelerators_wanted(const Demand& demand);

}  // namespace gusu::core
