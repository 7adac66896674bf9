#include "scheduler/core/policy/preemption.h"

#include <algorithm>
#include <map>

#include "scheduler/core/policy/claim.h"
#include "scheduler/core/policy/domains.h"
#include "scheduler/core/policy/elastic.h"
#include "scheduler/core/policy/enclosure.h"
#include "scheduler/core/policy/held_places.h"
#include "scheduler/core/policy/order.h"
#include "scheduler/core/policy/quota.h"
#include "scheduler/core/policy/windows.h"

namespace gusu::core {
namespace {

constexpr std::size_t kMostVictimsLookedAt = 256;
constexpr std::size_t kMostJobsScanned = 4096;
constexpr std::size_t kMostVictimsTriedWithout = 32;
constexpr std::size_t kMostSurplusTasks = 1024;

// Finds a way for one waiting job.
class Planner {
public:
    // The demand is the beneficiary's, or one for fewer nodes; it comes to this need.
    Planner(PlanMoment& moment, const Job& beneficiary, const Demand& asked, GpuNeed need)
        : moment_(moment),
          state_(moment.state),
          now_(moment.now),
          expected_(moment.expected),
          beneficiary_(beneficiary),
          asked_(asked),
          claim_(moment.state, beneficiary, std::move(need), moment.now) {}

    std::optional<PreemptionPlan> anywhere() {
        collect();
        if (candidates_.empty()) {
            return std::nullopt;
        }
        auto shrunk = by_shrinking();
        return shrunk ? std::move(shrunk) : found_on(cheapest_nodes());
    }

    std::optional<PreemptionPlan> on(const Stage& stage) {
        collect_on(stage);
        std::vector<const Candidate*> here;
        for (const Candidate& candidate : candidates_) {
            here.push_back(&candidate);
        }
        auto victims = enough_on(*stage.node, here);
        return victims.empty() ? std::nullopt : found_on({std::move(victims)});
    }

    std::int64_t cost(const PreemptionPlan& plan) const {
        std::int64_t sum = 0;
        for (const JobId victim : plan.victims) {
            sum += claim_.cost_of(*state_.job(victim));
        }
        return sum;
    }

private:
    std::optional<PreemptionPlan> found_on(
        const std::vector<std::vector<const Candidate*>>& nodes) {
        auto found = fewest_nodes(nodes);
        if (found) {
            spare(*found);
        }
        return found;
    }

    void collect() {
        std::size_t scanned = 0;
        for (const auto& [right, tenant, jobs] : reachable(moment_, claim_)) {
            for (const Stoppable& stoppable : *jobs) {
                if ((!claim_.is_lower_than(-stoppable.lane_down) && !right.of_guarantee) ||
                    ++scanned > kMostJobsScanned || candidates_.size() == kMostVictimsLookedAt) {
                    break;
                }
                ++moment_.work;
                if (right.of_guarantee || claim_.passes(stoppable)) {
                    add_candidate(*state_.job(stoppable.job));
                }
            }
        }
        put_in_order();
    }

    void collect_on(const Stage& stage) {
        moment_.work += stage.stoppable.size();
        for (const Job* job : stage.stoppable) {
            add_candidate(*job);
        }
        put_in_order();
    }

    void add_candidate(const Job& running) {
        const auto candidate = helps(running) ? claim_.reach(running, expected_) : std::nullopt;
        if (candidate) {
            candidates_.push_back(*candidate);
            some_are_elastic_ |= running.demand().is_elastic();
        }
    }

    void put_in_order() {
        std::ranges::sort(candidates_,
                          [](const auto& a, const auto& b) { return a.goes_before(b); });
    }

    // Whether it is on a node that the beneficiary could use, if only some have the labels.
    bool helps(const Job& job) const {
        const auto& tasks = std::get<Placed>(job.state).tasks;
        return main_group_of(asked_).node_labels.empty() ||
               std::ranges::any_of(tasks, [&](const PlacedTask& task) {
                   return suits(asked_, main_group_of(asked_), *state_.node(task.node));
               });
    }

    // Victims on each node that together make room for one task there, the cheapest node first.
    std::vector<std::vector<const Candidate*>> cheapest_nodes() {
        std::map<NodeId, std::vector<const Candidate*>> by_node;
        for (const Candidate& candidate : candidates_) {
            for (const PlacedTask& task : std::get<Placed>(candidate.job->state).tasks) {
                auto& here = by_node[task.node];
                if (here.empty() || here.back() != &candidate) {
                    here.push_back(&candidate);
                }
            }
        }
        std::vector<std::tuple<std::int64_t, NodeId, std::vector<const Candidate*>>> ways;
        for (const auto& [id, here] : by_node) {
            auto victims = enough_on(*state_.node(id), here);
            if (!victims.empty()) {
                std::int64_t cost = 0;
                for (const Candidate* victim : victims) {
                    cost += victim->cost;
                }
                ways.emplace_back(cost, id, std::move(victims));
            }
        }
        std::ranges::sort(ways);
        std::vector<std::vector<const Candidate*>> nodes;
        for (auto& [cost, id, victims] : ways) {
            nodes.push_back(std::move(victims));
        }
        return nodes;
    }

    // What is left on the node when some have gone.
    struct Left {
        Room room;
        Occupants occupants;  // counted only while somebody is enclosed
    };

    void leave(const Candidate& victim, NodeId node, Left& left) const {
        const Demand& demand = victim.job->demand();
        for (const PlacedTask& task : std::get<Placed>(victim.job->state).tasks) {
            if (task.node != node || task.leaving) {
                continue;
            }
            give_back(task, demand.groups[static_cast<std::size_t>(task.group)].per_task,
                      left.room);
            if (state_.somebody_is_enclosed()) {
                left.occupants.go(enclosure_of(state_, demand.tenant));
            }
        }
    }

    bool fits_in(const Left& left, const Node& node) const {
        return left.occupants.are_all_of(enclosure_of(state_, asked_.tenant)) &&
               fits(state_, asked_, node, left.room);
    }

    std::vector<const Candidate*> enough_on(const Node& node,
                                            const std::vector<const Candidate*>& here) {
        // Of a node that came back smaller nobody knows what its tasks would free.
        if (here.empty() || !node.takes_work() || !node.room_is_exact ||
            !base().admits(asked_, node)) {
            return {};
        }
        Left left{.room = base().room(node), .occupants = base().occupants(node)};
        ExpectedUse expected(&expected_);
        std::vector<const Candidate*> victims;
        for (const Candidate* candidate : here) {
            if (!claim_.reach(*candidate->job, expected)) {
                continue;
            }
            expected.leaves(*candidate->job);
            leave(*candidate, node.id, left);
            victims.push_back(candidate);
            if (fits_in(left, node)) {
                return victims;
            }
        }
        return {};
    }

    // The shortest beginning of the list that makes room for the whole job.
    std::optional<PreemptionPlan> fewest_nodes(
        const std::vector<std::vector<const Candidate*>>& nodes) {
        std::optional<PreemptionPlan> best;
        std::size_t too_few = 0;
        std::size_t enough = 0;
        for (std::size_t count = 1; count <= nodes.size() && !best; count *= 2) {
            best = with_nodes(nodes, count);
            (best ? enough : too_few) = count;
        }
        if (!best && too_few < nodes.size() && !nodes.empty()) {
            enough = nodes.size();
            best = with_nodes(nodes, enough);
        }
        while (best && enough - too_few > 1) {
            const std::size_t middle = too_few + (enough - too_few) / 2;
            auto fewer = with_nodes(nodes, middle);
            (fewer ? enough : too_few) = middle;
            if (fewer) {
                best = std::move(fewer);
            }
        }
        return best;
    }

    std::optional<PreemptionPlan> with_nodes(
        const std::vector<std::vector<const Candidate*>>& nodes, std::size_t count) {
        ExpectedUse expected(&expected_);
        std::set<JobId> chosen;
        for (std::size_t i = 0; i < count; ++i) {
            for (const Candidate* victim : nodes[i]) {
                if (!chosen.contains(victim->job->id) && claim_.reach(*victim->job, expected)) {
                    expected.leaves(*victim->job);
                    chosen.insert(victim->job->id);
                }
            }
        }
        return with_victims({chosen.begin(), chosen.end()});
    }

    // What fills such a place makes room for whom it is kept, and for nobody else.
    bool is_held_for_another(const std::vector<PlacedTask>& tasks) const {
        return takes_held_place({state_, beneficiary_, now_}, asked_, tasks);
    }

    std::optional<PreemptionPlan> with_victims(std::vector<JobId> victims) {
        Plan plan = base();
        for (const JobId victim : victims) {
            plan.release(*state_.job(victim));
        }
        Placement placement = place(asked_, std::move(plan));
        if (!placement.found() || is_held_for_another(placement.tasks)) {
            return std::nullopt;
        }
        return PreemptionPlan{.tasks = std::move(placement.tasks), .victims = std::move(victims)};
    }

    // Takes out victims, the dearest first, that the plan does without, or for which tasks can
    // stand that elastic jobs do without: the victim's own too.
    void spare(PreemptionPlan& plan) {
        std::size_t tried = 0;
        for (const JobId victim : dearest_first(plan.victims)) {
            const bool is_last = plan.victims.size() == 1 && !some_are_elastic_;
            if (is_last || ++tried > kMostVictimsTriedWithout) {
                return;
            }
            std::vector<JobId> others = plan.victims;
            std::erase(others, victim);
            const std::vector<SurplusTask> surplus = surplus_beside(others);
            auto without = surplus.empty() ? with_victims(std::move(others))
                                           : with_room_by(surplus, std::move(others));
            if (without) {
                plan = std::move(*without);
            }
        }
    }

    // What elastic jobs can do without, of those first that the right reaches first, as far as it
    // reaches. Not of the victims.
    std::vector<SurplusTask> surplus_beside(const std::vector<JobId>& victims) {
        std::vector<SurplusTask> surplus;
        if (!some_are_elastic_) {
            return surplus;
        }
        ExpectedUse expected(&expected_);
        for (const JobId victim : victims) {
            expected.leaves(*state_.job(victim));
        }
        for (const Candidate& candidate : candidates_) {
            if (!candidate.job->demand().is_elastic() || contains(victims, candidate.job->id)) {
                continue;
            }
            for (const SurplusTask& task : surplus_of(*candidate.job)) {
                if (!claim_.reach(*candidate.job, expected) ||
                    surplus.size() == kMostSurplusTasks) {
                    break;
                }
                expected.leaves(*task.job, task.rank);
                surplus.push_back(task);
            }
        }
        return surplus;
    }

    std::optional<PreemptionPlan> by_shrinking() {
        const std::vector<SurplusTask> surplus = surplus_beside({});
        return surplus.empty() ? std::nullopt : with_room_by(surplus, {});
    }

    std::optional<PreemptionPlan> with_room_by(const std::vector<SurplusTask>& surplus,
                                               std::vector<JobId> victims) {
        Plan plan = base();
        for (const JobId victim : victims) {
            plan.release(*state_.job(victim));
        }
        auto room = make_room(asked_, plan, surplus);
        if (!room || (victims.empty() && room->going.empty()) || is_held_for_another(room->tasks)) {
            return std::nullopt;
        }
        return PreemptionPlan{.tasks = std::move(room->tasks),
                              .victims = std::move(victims),
                              .shrinks = as_shrinks(std::move(room->going))};
    }

    std::vector<JobId> dearest_first(std::vector<JobId> victims) const {
        std::ranges::sort(
            victims, {}, [&](JobId id) { return std::pair(-claim_.cost_of(*state_.job(id)), id); });
        return victims;
    }

    static bool contains(const std::vector<JobId>& jobs, JobId job) {
        return std::ranges::find(jobs, job) != jobs.end();
    }

    // What is there without any victims, when these have stopped.
    const Plan& base() {
        if (!base_) {
            base_ =
                offered_to({state_, beneficiary_, now_ + kKeptBeyondGrace}, beneficiary_.demand());
        }
        return *base_;
    }

    PlanMoment& moment_;
    const State& state_;
    const Time now_;
    const ExpectedUse& expected_;
    const Job& beneficiary_;
    const Demand& asked_;
    const Claim claim_;
    std::optional<Plan> base_;
    std::vector<Candidate> candidates_;
    bool some_are_elastic_ = false;
};

struct PlanAndCost {
    PreemptionPlan plan;
    std::int64_t cost = 0;
};

bool is_within(const GpuNeed& held, const GpuNeed& need) {
    return std::ranges::all_of(held, [&](const auto& each) {
        const auto found = need.find(each.first);
        return each.first == kAnyAccelerator ||
               (found != need.end() && each.second <= found->second);
    });
}

// What an exclusive job comes to is known only with its nodes: then its right is asked again.
std::optional<PlanAndCost> plan_for(PlanMoment& moment, const Job& beneficiary,
                                    const Demand& demand) {
    const std::optional<Demand> least =
        demand.is_elastic() ? std::optional(at_least(demand)) : std::nullopt;
    const Demand& asked = least ? *least : demand;
    GpuNeed need = preferred_need(moment.state, asked);
    for (int tried = 0; tried < 2; ++tried) {
        Planner planner(moment, beneficiary, asked, need);
        auto plan = planner.anywhere();
        if (!plan) {
            return std::nullopt;
        }
        GpuNeed held = gpus_held(plan->tasks);
        if (demand.sharing == Sharing::Shared || is_within(held, need)) {
            const std::int64_t cost = planner.cost(*plan);
            return PlanAndCost{.plan = std::move(*plan), .cost = cost};
        }
        need = std::move(held);
    }
    return std::nullopt;
}

// The cheapest domain to make room in.
std::optional<PlanAndCost> plan_for_a_domain(PlanMoment& moment, const Job& beneficiary,
                                             const Demand& demand) {
    std::optional<PlanAndCost> best;
    for (const std::string& domain :
         domains_to_free(offered(moment.state, moment.now + kKeptBeyondGrace), demand)) {
        auto plan = plan_for(moment, beneficiary, within(demand, domain));
        if (plan && (!best || plan->cost < best->cost)) {
            best = std::move(plan);
        }
    }
    const bool must =
        demand.topology->closeness == Closeness::Required || demand.topology->wait > Duration(0);
    if (best || must) {
        return best;
    }
    return plan_for(moment, beneficiary, without_topology(demand));
}

}  // namespace

PreemptionPlanner::PreemptionPlanner(const State& state, Time now)
    : moment_(std::make_unique<PlanMoment>(state, now)) {}

std::optional<PreemptionPlan> PreemptionPlanner::plan(const Job& beneficiary) {
    const DemandPointer demand = moment_->state.asks_now(beneficiary);
    auto found = demand->topology ? plan_for_a_domain(*moment_, beneficiary, *demand)
                                  : plan_for(*moment_, beneficiary, *demand);
    return found ? std::optional(std::move(found->plan)) : std::nullopt;
}

std::optional<PreemptionPlan> PreemptionPlanner::plan_on(const Stage& stage,
                                                         const Job& beneficiary) {
    ++moment_->work;
    const DemandPointer demand = moment_->state.asks_now(beneficiary);
    return Planner(*moment_, beneficiary, *demand, preferred_need(moment_->state, *demand))
        .on(stage);
}

}  // namespace gusu::core
