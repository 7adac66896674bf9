#include "scheduler/core/model/pending.h"

#include <algorithm>

#include "scheduler/base/check.h"
#include "scheduler/core/model/accelerator.h"

namespace gusu::core {
namespace {

constexpr Duration kForever = Duration::max();

}  // namespace

std::set<std::string> accelerators_wanted(const Demand& demand) {
    std::set<std::string> wanted;
    for (const TaskGroup& group : demand.groups) {
        if (group.per_task.milli_gpus.is_zero() && group.accelerators.empty()) {
            wanted.insert("");
        } else if (group.accelerators.empty()) {
            wanted.insert(kAnyAccelerator);
        } else {
            wanted.insert(group.accelerators.begin(), group.accelerators.end());
        }
    }
    return wanted;
}

ClassTurn PendingJobs::turn_of(const Demand& demand, const PendingClass& jobs) {
    return {.priority_down = static_cast<int>(Priority::High) - static_cast<int>(demand.priority),
            .first = *jobs.jobs.begin()};
}

const PendingClass* PendingJobs::of(const Demand& demand) const {
    const auto found = classes_.find(demand);
    return found == classes_.end() ? nullptr : &found->second;
}

PendingJobs::ShapeId PendingJobs::shape_of(const Demand& demand, const Tree& tree) {
    const auto [found, is_new] =
        shape_ids_.try_emplace(Shape{demand.runtime, demand.sharing, demand.topology, demand.groups,
                                     tree.entitlement_of(demand.tenant), tree.standing_of(demand),
                                     tree.enclosure_of(demand.tenant)},
                               last_shape_ + 1);
    if (is_new) {
        ShapeQueue& queue = shapes_[++last_shape_];
        queue.shape = found->first;
        queue.need = tree.need_of(demand);
        queue.accelerators = accelerators_wanted(demand);
        for (const std::string& accelerator : queue.accelerators) {
            by_accelerator_[accelerator].insert(last_shape_);
        }
        open_.insert(last_shape_);
    }
    return found->second;
}

void PendingJobs::add(const JobTurn& job, const DemandPointer& demand, const Tree& tree) {
    const auto [found, is_new] = classes_.try_emplace(demand);
    PendingClass& jobs = found->second;
    if (is_new) {
        jobs.shape = shape_of(*demand, tree);
        ++shapes_.at(jobs.shape).classes;
    } else if (!jobs.parked) {
        leave(demand, jobs);
    }
    jobs.jobs.insert(job);
    if (!jobs.parked) {
        enter(demand, jobs, tree);
        if (*jobs.jobs.begin() == job) {
            hope_for_first(*demand, jobs);
        }
        if (closed_from_.contains(jobs.shape) && *jobs.jobs.begin() == job) {
            open_for(demand, jobs.shape);
        }
    }
}

void PendingJobs::remove(const JobTurn& job, const DemandPointer& demand, const Tree& tree) {
    const auto found = classes_.find(demand);
    if (found == classes_.end() || !found->second.jobs.contains(job)) {
        return;
    }
    PendingClass& jobs = found->second;
    if (!jobs.parked) {
        if (*jobs.jobs.begin() == job) {
            hope_for_first(*demand, jobs);
        }
        leave(demand, jobs);
    }
    jobs.jobs.erase(job);
    if (jobs.jobs.empty()) {
        drop_class(found);
    } else if (!jobs.parked) {
        enter(demand, jobs, tree);
    }
}

void PendingJobs::drop_class(Classes::iterator dropped) {
    const PendingClass& jobs = dropped->second;
    if (jobs.parked) {
        forget_parked(dropped->first, *jobs.parked);
    }
    ShapeQueue& queue = shapes_.at(jobs.shape);
    if (--queue.classes == 0) {
        for (const std::string& accelerator : queue.accelerators) {
            by_accelerator_[accelerator].erase(jobs.shape);
        }
        open_.erase(jobs.shape);
        closed_from_.erase(jobs.shape);
        hopeful_.erase(jobs.shape);
        shape_ids_.erase(queue.shape);
        shapes_.erase(jobs.shape);
    }
    classes_.erase(dropped);
}

void PendingJobs::enter(const DemandPointer& demand, const PendingClass& jobs, const Tree& tree) {
    ShapeQueue& queue = shapes_.at(jobs.shape);
    TenantPath path;
    for (const TenantId tenant : tree.from_the_top(demand->tenant)) {
        path.push_back(tree.turn_of(tenant, queue.need));
    }
    queue.turns.add(path, turn_of(*demand, jobs), demand);
}

void PendingJobs::leave(const DemandPointer& demand, const PendingClass& jobs) {
    shapes_.at(jobs.shape).turns.remove(demand->tenant, turn_of(*demand, jobs));
}

std::optional<Turns::Head> PendingJobs::next() const {
    std::optional<Turns::Head> best;
    for (const ShapeId shape : open_) {
        std::optional<Turns::Head> head = first_open(shape);
        if (head && (!best || head->goes_before(*best))) {
            best = std::move(head);
        }
    }
    return best;
}

std::optional<Turns::Head> PendingJobs::first_open(ShapeId shape) const {
    const Turns& turns = shapes_.at(shape).turns;
    if (turns.empty()) {
        return std::nullopt;
    }
    const auto partly = closed_from_.find(shape);
    return partly == closed_from_.end()
               ? turns.first()
               : turns.first_that([&](const Demand& each) { return !partly->second.closes(each); });
}

void PendingJobs::close(const DemandPointer& demand) {
    const ShapeId shape = classes_.at(demand).shape;
    open_.erase(shape);
    closed_from_.erase(shape);
}

bool PendingJobs::ClosedFrom::closes(const Demand& demand) const {
    const auto& from = demand.preemption == Preemption::Allowed ? preemptible : firm;
    return from && demand.time_limit.value_or(kForever) >= *from;
}

void PendingJobs::close_longer(const DemandPointer& demand, Newcomers newcomers) {
    const ShapeId shape = classes_.at(demand).shape;
    ClosedFrom& closed = closed_from_[shape];
    closed.newcomers = newcomers;
    (demand->preemption == Preemption::Allowed ? closed.preemptible : closed.firm) =
        demand->time_limit.value_or(kForever);
    if (!first_open(shape)) {
        open_.erase(shape);
    }
}

void PendingJobs::open_for(const DemandPointer& newcomer, ShapeId shape) {
    const auto partly = closed_from_.find(shape);
    if (partly != closed_from_.end() && partly->second.newcomers == Newcomers::Open) {
        closed_from_.erase(partly);
        open_.insert(shape);
    } else if (partly == closed_from_.end() || !partly->second.closes(*newcomer)) {
        open_.insert(shape);
    }
}

void PendingJobs::open_all(const std::set<ShapeId>& shapes) {
    open_.insert(shapes.begin(), shapes.end());
    std::erase_if(closed_from_, [&](const auto& closed) { return shapes.contains(closed.first); });
}

void PendingJobs::park(const DemandPointer& demand, Parked parked) {
    PendingClass& jobs = classes_.at(demand);
    check(!jobs.parked, "only a class in turn is parked");
    hope_for_first(*demand, jobs);
    leave(demand, jobs);
    jobs.parked = parked;
    if (parked.tenant) {
        parked_by_tenant_[parked.tenant].insert(demand);
    }
    if (parked.room_helps) {
        parked_until_room_.insert(demand);
    }
}

void PendingJobs::forget_parked(const DemandPointer& demand, const Parked& parked) {
    parked_until_room_.erase(demand);
    if (const auto found = parked_by_tenant_.find(parked.tenant);
        found != parked_by_tenant_.end()) {
        found->second.erase(demand);
    }
}

void PendingJobs::unpark(const std::set<DemandPointer, DemandLess>& parked, const Tree& tree) {
    for (const DemandPointer& demand : parked) {
        PendingClass& jobs = classes_.at(demand);
        forget_parked(demand, *jobs.parked);
        jobs.parked.reset();
        enter(demand, jobs, tree);
        open_for(demand, jobs.shape);
        hope_for_first(*demand, jobs);
    }
}

// Another class, or another job of it, is or was the first of its tenant.
void PendingJobs::hope_for_first(const Demand& demand, const PendingClass& jobs) {
    ShapeQueue& queue = shapes_.at(jobs.shape);
    if (queue.turns.first_of(demand.tenant) == turn_of(demand, jobs)) {
        queue.asked_in_vain.erase(demand.tenant);
        hopeful_.insert(jobs.shape);
    }
}

std::vector<Turns::Head> PendingJobs::in_order(const std::set<ShapeId>& shapes, std::size_t most,
                                               const Wanted& wanted) const {
    std::vector<Turns::Head> heads;
    for (const ShapeId shape : shapes) {
        const ShapeQueue& queue = shapes_.at(shape);
        std::size_t seen = 0;
        queue.turns.each_tenant([&](const Turns::Head& head) {
            if (wanted(queue, head)) {
                heads.push_back(head);
            }
            return ++seen < most;
        });
    }
    std::ranges::sort(heads, [](const auto& a, const auto& b) { return a.goes_before(b); });
    return heads;
}

std::vector<Turns::Head> PendingJobs::hopeful(std::size_t most) const {
    return in_order(hopeful_, most, [](const ShapeQueue& queue, const Turns::Head& head) {
        return !queue.asked_in_vain.contains(head.demand->tenant);
    });
}

void PendingJobs::asked_in_vain(const DemandPointer& demand) {
    if (const auto found = classes_.find(demand); found != classes_.end()) {
        shapes_.at(found->second.shape).asked_in_vain.insert(demand->tenant);
    }
}

void PendingJobs::hope_for(const DemandPointer& demand) {
    if (const auto found = classes_.find(demand); found != classes_.end()) {
        hopeful_.insert(found->second.shape);
    }
}

void PendingJobs::hope_for(ShapeId shape) {
    shapes_.at(shape).asked_in_vain.clear();
    hopeful_.insert(shape);
}

void PendingJobs::hope_again() {
    for (const auto& [shape, queue] : shapes_) {
        hope_for(shape);
    }
}

void PendingJobs::hope_again(const std::string& accelerator) {
    for (const ShapeId shape : wanting({accelerator})) {
        hope_for(shape);
    }
}

void PendingJobs::hope_for_gangs(const std::set<std::string>& accelerators) {
    for (const ShapeId shape : wanting(accelerators)) {
        if (!shapes_.at(shape).is_single_task()) {
            hope_for(shape);
        }
    }
}

void PendingJobs::reopen(const Tree& tree) {
    std::set<DemandPointer, DemandLess> parked;
    for (const auto& [demand, jobs] : classes_) {
        if (jobs.parked) {
            parked.insert(demand);
        }
    }
    closed_from_.clear();
    unpark(parked, tree);
    for (const auto& [shape, queue] : shapes_) {
        open_.insert(shape);
    }
}

std::vector<Turns::Head> PendingJobs::fit_on_a_node(
    const std::set<std::string>& accelerators, std::size_t most,
    const std::function<bool(const Demand&)>& suits) const {
    std::set<ShapeId> shapes = wanting(accelerators);
    std::erase_if(shapes, [&](ShapeId id) {
        const ShapeQueue& queue = shapes_.at(id);
        return !queue.is_single_task() || queue.turns.empty() ||
               !suits(*queue.turns.first().demand);
    });
    return in_order(shapes, most, [](const ShapeQueue&, const Turns::Head&) { return true; });
}

// Shapes that could use room on a node with these.
std::set<PendingJobs::ShapeId> PendingJobs::wanting(
    const std::set<std::string>& accelerators) const {
    std::set<ShapeId> shapes;
    const auto add = [&](const std::string& name) {
        if (const auto found = by_accelerator_.find(name); found != by_accelerator_.end()) {
            shapes.insert(found->second.begin(), found->second.end());
        }
    };
    add("");
    add(kAnyAccelerator);
    std::ranges::for_each(accelerators, add);
    return shapes;
}

void PendingJobs::capacity_freed(const std::set<std::string>& accelerators, const Tree& tree) {
    open_all(wanting(accelerators));
    unpark(std::set(parked_until_room_), tree);
}

void PendingJobs::tenant_freed(TenantId tenant, const Tree& tree) {
    if (const auto found = parked_by_tenant_.find(tenant); found != parked_by_tenant_.end()) {
        unpark(std::set(found->second), tree);
    }
}

void PendingJobs::turn_changed(TenantId tenant, const Tree& tree) {
    for (auto& [shape, queue] : shapes_) {
        const TenantTurn* before = queue.turns.turn_of(tenant);
        if (before == nullptr) {
            continue;
        }
        const TenantTurn now = tree.turn_of(tenant, queue.need);
        if (now == *before) {
            continue;
        }
        // Who no longer borrows by such a job has a right now; and where an old first has gone
        // down, others come up that were not asked.
        if (before->borrows && !now.borrows) {
            std::erase_if(queue.asked_in_vain, [&](TenantId asked) {
                return std::ranges::count(tree.from_the_top(asked), tenant) > 0;
            });
            hopeful_.insert(shape);
        } else if (queue.asked_in_vain.contains(tenant)) {
            hopeful_.insert(shape);
        }
        queue.turns.put(now);
    }
    std::erase_if(closed_from_, [&](const auto& closed) {
        const bool by_turn = closed.second.newcomers == Newcomers::Open;
        if (by_turn) {
            open_.insert(closed.first);
        }
        return by_turn;
    });
}

}  // namespace gusu::core
