#include "scheduler/core/policy/elastic.h"

#include <algorithm>
#include <span>

#include "scheduler/core/policy/order.h"
#include "scheduler/core/policy/quota.h"

namespace gusu::core {
namespace {

// Work spent on leaving alone what a plan can do without.
constexpr std::size_t kMostTriedWithout = 32;

Placement place_if_lent(const Demand& demand, const Plan& plan) {
    const State& state = plan.state();
    if (lending_closed(state, demand, preferred_need(state, demand))) {
        return Placement{.tasks = {}, .closed = {Gate::Lending, TenantId{}, true}, .limit = {}};
    }
    return place(demand, plan);
}

// The largest of (least, most] for which `holds` gives something; `best` if none does.
template <typename Found, typename Holds>
Found largest(int least, int most, Found best, const Holds& holds) {
    while (least < most) {
        const int middle = most - (most - least) / 2;
        Found found = holds(middle);
        if (found.found()) {
            best = std::move(found);
            least = middle;
        } else {
            most = middle - 1;
        }
    }
    return best;
}

Placement without(const Demand& asked, Plan plan, std::span<const SurplusTask> going) {
    for (const SurplusTask& task : going) {
        plan.release(*task.job, task.rank);
    }
    return place(asked, std::move(plan));
}

}  // namespace

Demand at_least(const Demand& demand) {
    Demand least = demand;
    for (TaskGroup& group : least.groups) {
        group.tasks = group.min_tasks > 0 ? group.min_tasks : group.tasks;
    }
    return least;
}

Placement place_most(const Demand& demand, const Plan& plan) {
    if (!demand.is_elastic()) {
        return place(demand, plan);
    }
    if (Placement all = place_if_lent(demand, plan); all.found()) {
        return all;
    }
    Demand trial = at_least(demand);
    Placement best = place_if_lent(trial, plan);
    for (std::size_t i = 0; best.found() && i < trial.groups.size(); ++i) {
        int& tasks = trial.groups[i].tasks;
        const int least = tasks;
        best = largest(least, demand.groups[i].tasks, std::move(best), [&](int count) {
            tasks = count;
            return place_if_lent(trial, plan);
        });
        tasks = static_cast<int>(
            std::ranges::count(best.tasks, static_cast<int>(i), &PlacedTask::group));
    }
    return best;
}

std::vector<SurplusTask> surplus_of(const Job& placed) {
    const auto& tasks = std::get<Placed>(placed.state).tasks;
    std::vector<int> spare;  // by group
    for (const TaskGroup& group : placed.demand().groups) {
        spare.push_back(group.min_tasks > 0 ? -group.min_tasks : 0);
    }
    // Beside an exclusive job nothing comes, on no part of its nodes.
    if (placed.demand().sharing == Sharing::Exclusive) {
        return {};
    }
    for (const PlacedTask& task : tasks) {
        const auto group = static_cast<std::size_t>(task.group);
        const TaskGroup& of = placed.demand().groups[group];
        const bool counts = of.min_tasks > 0 && of.spread_over.empty() && !task.leaving;
        spare[group] += counts ? 1 : 0;
    }
    std::vector<SurplusTask> surplus;
    for (auto rank = static_cast<int>(tasks.size()) - 1; rank >= 0; --rank) {
        const PlacedTask& task = tasks[static_cast<std::size_t>(rank)];
        int& left = spare[static_cast<std::size_t>(task.group)];
        if (left > 0 && !task.leaving && !std::holds_alternative<TaskEnded>(task.state)) {
            --left;
            surplus.push_back({&placed, rank});
        }
    }
    return surplus;
}

std::vector<Shrink> as_shrinks(std::vector<SurplusTask> going) {
    std::ranges::sort(going, {},
                      [](const SurplusTask& task) { return std::pair(task.job->id, task.rank); });
    std::vector<Shrink> shrinks;
    for (const SurplusTask& task : going) {
        if (shrinks.empty() || shrinks.back().job != task.job->id) {
            shrinks.push_back({.job = task.job->id,
                               .incarnation = std::get<Placed>(task.job->state).incarnation,
                               .ranks = {}});
        }
        shrinks.back().ranks.push_back(task.rank);
    }
    return shrinks;
}

std::optional<RoomByShrinking> make_room(const Demand& asked, const Plan& base,
                                         const std::vector<SurplusTask>& surplus) {
    const std::span<const SurplusTask> all(surplus);
    Placement found = without(asked, base, all);
    if (!found.found()) {
        return std::nullopt;
    }
    std::size_t too_few = 0;
    std::size_t enough = all.size();
    while (enough - too_few > 1) {
        const std::size_t middle = too_few + (enough - too_few) / 2;
        Placement fewer = without(asked, base, all.first(middle));
        (fewer.found() ? enough : too_few) = middle;
        if (fewer.found()) {
            found = std::move(fewer);
        }
    }
    RoomByShrinking room{.tasks = std::move(found.tasks),
                         .going = {surplus.begin(), surplus.begin() + static_cast<long>(enough)}};
    std::size_t tried = 0;
    for (std::size_t i = room.going.size(); i > 0 && ++tried <= kMostTriedWithout; --i) {
        std::vector<SurplusTask> others = room.going;
        others.erase(others.begin() + static_cast<long>(i - 1));
        Placement placement = without(asked, base, others);
        if (placement.found()) {
            room = {.tasks = std::move(placement.tasks), .going = std::move(others)};
        }
    }
    return room;
}

}  // namespace gusu::core
