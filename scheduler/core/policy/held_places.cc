#include "scheduler/core/policy/held_places.h"

#include <algorithm>

#include "scheduler/core/policy/elastic.h"
#include "scheduler/core/policy/enclosure.h"
#include "scheduler/core/policy/order.h"
#include "scheduler/core/policy/placement.h"
#include "scheduler/core/policy/preemption.h"
#include "scheduler/core/policy/windows.h"

namespace gusu::core {
namespace {

constexpr std::ptrdiff_t kMostHeldPlaces = 8;
constexpr std::size_t kMostShapesNoted = 64;
constexpr std::size_t kFirstEndsLookedAt = 64;
constexpr std::size_t kMostEndsLookedAt = 4096;
// Before another place is looked for where none is known, and for who runs beyond its limit.
constexpr Duration kLooksAgainAfter{60'000};

bool are_alike(const State& state, const Demand& a, const Demand& b) {
    return a.runtime == b.runtime && a.sharing == b.sharing && a.topology == b.topology &&
           a.groups == b.groups && enclosure_of(state, a.tenant) == enclosure_of(state, b.tenant);
}

// Where a job stands among all that wait.
Turns::Head place_in_turn(const State& state, const Job& job, const Demand& demand) {
    Turns::Head head{.path = {},
                     .turn = {.priority_down = static_cast<int>(Priority::High) -
                                               static_cast<int>(demand.priority),
                              .first = turn_of(state, job)},
                     .demand = {}};
    const GpuNeed need = preferred_need(state, demand);
    for (const TenantId tenant : from_the_top(state, demand.tenant)) {
        head.path.push_back(turn_of(state, tenant, need));
    }
    return head;
}

// Whether a job of this demand would still be there when the place is needed.
bool stays(const Asker& asker, const Demand& demand, const HeldPlace& place) {
    const std::optional<Duration> stay = stay_of(asker.state.policy(), demand);
    return place.job != asker.job.id && !place.tasks.empty() &&
           !(stay && asker.now + *stay <= place.from) &&
           !are_alike(asker.state, demand, asker.state.job(place.job)->demand());
}

// Whether it might be there at all.
bool could_use(const Demand& demand, const HeldPlace& place) {
    return std::ranges::any_of(demand.groups, [&](const TaskGroup& group) {
        const auto& wanted = group.accelerators;
        return wanted.empty() || group.per_task.milli_gpus.is_zero() ||
               std::ranges::any_of(place.tasks, [&](const PlacedTask& task) {
                   return task.accelerator.empty() ||
                          std::ranges::find(wanted, task.accelerator) != wanted.end();
               });
    });
}

// Places that the job must leave alone. With nothing kept, or only elsewhere, its turn is not
// asked.
std::vector<const HeldPlace*> in_the_way(const Asker& asker, const Demand& demand) {
    std::vector<const HeldPlace*> places;
    std::optional<Turns::Head> mine;
    for (const auto& [id, place] : asker.state.held_places()) {
        if (!could_use(demand, place) || !stays(asker, demand, place)) {
            continue;
        }
        if (!mine) {
            mine = place_in_turn(asker.state, asker.job, demand);
        }
        const Job& other = *asker.state.job(id);
        if (!mine->goes_before(place_in_turn(asker.state, other, other.demand()))) {
            places.push_back(&place);
        }
    }
    return places;
}

const Resources& each_of(const Demand& demand, const PlacedTask& task) {
    return demand.groups[static_cast<std::size_t>(task.group)].per_task;
}

void keep(const State& state, const HeldPlace& place, Plan& plan) {
    const Demand& demand = state.job(place.job)->demand();
    for (const PlacedTask& task : place.tasks) {
        plan.keep(task, demand);
    }
}

bool has_room(const Room& room, const PlacedTask& task, const Resources& each) {
    return room.milli_cpus >= each.milli_cpus && room.memory >= each.memory &&
           std::ranges::all_of(task.devices, [&](int device) {
               return room.has({device, task.milli_per_device, task.slices});
           });
}

// Whether all of the place is free in the plan.
bool fits(const HeldPlace& place, const Demand& demand, Plan plan) {
    return std::ranges::all_of(place.tasks, [&](const PlacedTask& task) {
        const Node& node = *plan.state().node(task.node);
        const Resources& each = each_of(demand, task);
        if (!node.takes_work() || !node.room_is_exact || !has_room(plan.room(node), task, each) ||
            !plan.may_share(demand, node)) {
            return false;
        }
        plan.take(task, demand);
        return true;
    });
}

// Jobs on the nodes of the place, each once.
std::set<JobId> jobs_there(const State& state, const HeldPlace& place) {
    std::set<JobId> jobs;
    for (const PlacedTask& task : place.tasks) {
        for (const TaskRef& held : state.node(task.node)->tasks) {
            jobs.insert(held.job);
        }
    }
    return jobs;
}

// Came there since the place was chosen, and may be stopped for it.
bool is_filler(const Job& job, const HeldPlace& place) {
    const auto& placed = std::get<Placed>(job.state);
    return job.demand().preemption == Preemption::Allowed && placed.since >= place.looked &&
           !placed.stopping;
}

bool shares_a_device(const Job& job, const HeldPlace& place) {
    const auto meets = [](const PlacedTask& a, const PlacedTask& b) {
        return a.node == b.node && std::ranges::any_of(a.devices, [&](int device) {
                   return std::ranges::find(b.devices, device) != b.devices.end();
               });
    };
    return std::ranges::any_of(std::get<Placed>(job.state).tasks, [&](const PlacedTask& a) {
        return std::ranges::any_of(place.tasks, [&](const PlacedTask& b) { return meets(a, b); });
    });
}

class Search {
public:
    explicit Search(const Asker& asker) : asker_(asker) {
        for (const auto& end : asker.state.ends()) {
            if (ends_.size() == kMostEndsLookedAt) {
                break;
            }
            ends_.push_back(end);
        }
    }

    HeldPlace earliest() {
        std::size_t too_few = 0;
        std::size_t enough = 0;
        std::vector<PlacedTask> found;
        for (std::size_t count = kFirstEndsLookedAt; found.empty(); count *= 4) {
            count = std::min(count, ends_.size());
            found = after(count);
            (found.empty() ? too_few : enough) = count;
            if (count == ends_.size()) {
                break;
            }
        }
        if (found.empty()) {
            return HeldPlace{
                .job = asker_.job.id, .looked = asker_.now, .from = asker_.now + kLooksAgainAfter};
        }
        while (enough - too_few > 1) {
            const std::size_t middle = too_few + (enough - too_few) / 2;
            auto fewer = after(middle);
            (fewer.empty() ? too_few : enough) = middle;
            if (!fewer.empty()) {
                found = std::move(fewer);
            }
        }
        return HeldPlace{.job = asker_.job.id,
                         .looked = asker_.now,
                         .from = end_of(enough),
                         .tasks = std::move(found)};
    }

private:
    // When the first `count` of them have ended.
    Time end_of(std::size_t count) const {
        const Time end = ends_[count - 1].first;
        return end > asker_.now ? end : asker_.now + kLooksAgainAfter;
    }

    // Where the job is then.
    std::vector<PlacedTask> after(std::size_t count) const {
        Plan plan(asker_.state, end_of(count));
        for (std::size_t i = 0; i < count; ++i) {
            plan.release(*asker_.state.job(ends_[i].second));
        }
        keep_nominated(plan);
        for (const auto& [id, place] : asker_.state.held_places()) {
            if (id != asker_.job.id) {
                keep(asker_.state, place, plan);
            }
        }
        return place(at_least(asker_.job.demand()), std::move(plan)).tasks;
    }

    const Asker& asker_;
    std::vector<std::pair<Time, JobId>> ends_;
};

}  // namespace

bool may_hold_for(const State& state, const Demand& demand) {
    const bool is_bound = demand.sharing == Sharing::Exclusive || demand.topology ||
                          std::ranges::any_of(demand.groups, [](const TaskGroup& group) {
                              return !group.spread_over.empty();
                          });
    if (is_bound) {
        return false;
    }
    const auto held = std::ranges::count_if(
        state.held_places(), [](const auto& each) { return !each.second.tasks.empty(); });
    return held < kMostHeldPlaces && state.held_places().size() < kMostShapesNoted &&
           std::ranges::none_of(
               state.held_places(),
               [&](const auto& each) {
                   return are_alike(state, state.job(each.first)->demand(), demand);
               });
}

bool is_large(const State& state, const Demand& demand) {
    return demand.tasks() > 1 || demand.groups.front().per_task.milli_gpus > Amount(kWholeDevice) ||
           enclosure_of(state, demand.tenant);
}

Plan offered_to(const Asker& asker, const Demand& demand) {
    Plan plan = offered(asker.state, asker.now);
    for (const HeldPlace* place : in_the_way(asker, demand)) {
        keep(asker.state, *place, plan);
    }
    return plan;
}

Plan offered_behind_all(const Asker& asker, const Demand& demand) {
    Plan plan = offered(asker.state, asker.now);
    for (const auto& [id, place] : asker.state.held_places()) {
        if (stays(asker, demand, place)) {
            keep(asker.state, place, plan);
        }
    }
    return plan;
}

namespace {

void add_devices(const std::vector<PlacedTask>& tasks, std::set<std::pair<NodeId, int>>& all) {
    for (const PlacedTask& task : tasks) {
        task.each_share([&](const DeviceShare& share) { all.insert({task.node, share.device}); });
    }
}

}  // namespace

bool takes_held_place(const Asker& asker, const Demand& demand,
                      const std::vector<PlacedTask>& tasks) {
    std::set<std::pair<NodeId, int>> held;
    std::set<std::pair<NodeId, int>> taken;
    add_devices(tasks, taken);
    for (const HeldPlace* place : in_the_way(asker, demand)) {
        add_devices(place->tasks, held);
    }
    return std::ranges::any_of(taken, [&](const auto& device) { return held.contains(device); });
}

const HeldPlace* held_in_the_way(const Asker& asker, const Demand& demand, NodeId node) {
    const HeldPlace* first = nullptr;
    for (const HeldPlace* place : in_the_way(asker, demand)) {
        const bool there = std::ranges::any_of(
            place->tasks, [&](const PlacedTask& task) { return task.node == node; });
        if (there && (first == nullptr || place->from < first->from)) {
            first = place;
        }
    }
    return first;
}

HeldPlace earliest_place(const Asker& asker) { return Search(asker).earliest(); }

bool still_comes(const State& state, const HeldPlace& place, Time now) {
    if (place.from <= now) {
        return false;
    }
    Plan plan(state);
    for (const JobId id : jobs_there(state, place)) {
        const Job& job = *state.job(id);
        if (expected_end(job) <= place.from || is_filler(job, place)) {
            plan.release(job);
        }
    }
    return fits(place, state.job(place.job)->demand(), std::move(plan));
}

bool may_be_cleared(const State& state, const HeldPlace& place, const std::vector<JobId>& fillers,
                    Time now) {
    return place.from <= now || std::ranges::all_of(fillers, [&](JobId id) {
               const auto& placed = std::get<Placed>(state.job(id)->state);
               return placed.since + state.policy().runs_at_least <= now;
           });
}

std::optional<std::vector<JobId>> fillers(const State& state, const HeldPlace& place) {
    const Demand& demand = state.job(place.job)->demand();
    std::vector<JobId> there;  // those on its devices first
    std::vector<JobId> beside;
    for (const JobId id : jobs_there(state, place)) {
        const Job& job = *state.job(id);
        if (is_filler(job, place)) {
            (shares_a_device(job, place) ? there : beside).push_back(id);
        }
    }
    there.insert(there.end(), beside.begin(), beside.end());
    Plan plan(state);
    std::size_t count = 0;
    while (!fits(place, demand, plan)) {
        if (count == there.size()) {
            return std::nullopt;
        }
        plan.release(*state.job(there[count++]));
    }
    there.resize(count);
    return there;
}

}  // namespace gusu::core
