#include "scheduler/core/policy/preemption.h"

#include <algorithm>
#include <map>

#include "scheduler/core/policy/domains.h"
#include "scheduler/core/policy/elastic.h"
#include "scheduler/core/policy/held_places.h"
#include "scheduler/core/policy/order.h"
#include "scheduler/core/policy/quota.h"
#include "scheduler/core/policy/windows.h"

namespace gusu::core {
namespace {

constexpr std::size_t kMostVictimsLookedAt = 256;
constexpr std::size_t kMostJobsScanned = 4096;
constexpr std::size_t kMostTenantsLookedAt = 64;
constexpr std::size_t kMostVictimsTriedWithout = 32;
constexpr std::size_t kMostSurplusTasks = 1024;
// What a stop costs besides the work that is lost.
constexpr Duration kRestart{60'000};
constexpr int kMostDoublings = 10;
// Who is stopped by right of the lane is expected to need more than twice the work of who comes.
constexpr int kHalfDoublingsLonger = 3;

// What tenants use once all that is decided has happened.
class Outlook {
public:
    explicit Outlook(const State& state) : state_(&state) {
        for (const auto& [id, nomination] : state.nominations()) {
            comes(state.job(id)->demand().tenant, gpus_held(nomination.tasks));
            for (const JobId victim : nomination.victims) {
                if (const Job* job = state.job(victim); job != nullptr && job->is_placed()) {
                    leaves(*job);
                }
            }
            for (const Shrink& shrink : nomination.shrinks) {
                leaves(shrink);
            }
        }
    }

    // All of it, but for tasks that leave already.
    void leaves(const Job& placed) {
        std::vector<PlacedTask> staying = std::get<Placed>(placed.state).tasks;
        std::erase_if(staying, [](const PlacedTask& task) { return task.leaving.has_value(); });
        leave(placed, gpus_held(staying));
    }

    void leaves(const Job& placed, int rank) {
        leave(placed,
              gpus_held({std::get<Placed>(placed.state).tasks[static_cast<std::size_t>(rank)]}));
    }

    void leaves(const Shrink& shrink) {
        if (const Job* job = state_->job_of(shrink.incarnation)) {
            for (const int rank : shrink.ranks) {
                leaves(*job, rank);
            }
        }
    }

    void leave(const Job& placed, const GpuNeed& gone) {
        for (const TenantId tenant : core::from_the_top(*state_, placed.demand().tenant)) {
            GpuNeed& use = use_of(tenant);
            for (const auto& [accelerator, gpus] : gone) {
                use[accelerator] = use[accelerator].minus_at_most(gpus);
            }
        }
    }

    // Whether this need stays within the tenant's guarantee. Of CPUs nothing is guaranteed.
    bool owns(TenantId id, const GpuNeed& need) {
        if (need.empty()) {
            return false;
        }
        const Tenant& tenant = *state_->tenant(id);
        GpuNeed with = use_of(id);
        const Amount before = beyond_guarantee(tenant, with);
        for (const auto& [accelerator, gpus] : need) {
            with[accelerator] += gpus;
        }
        return beyond_guarantee(tenant, with) == before;
    }

    // Milli-GPUs that it borrows, if some of them are of this accelerator.
    Amount borrowed(TenantId id, const std::string& accelerator) {
        const Tenant& tenant = *state_->tenant(id);
        const GpuNeed& use = use_of(id);
        const auto found = use.find(accelerator);
        const bool any = found != use.end() && found->second > guaranteed(tenant, accelerator);
        return any ? beyond_guarantee(tenant, use) : Amount{};
    }

    const GpuNeed& use(TenantId id) { return use_of(id); }

private:
    void comes(TenantId leaf, const GpuNeed& need) {
        for (const TenantId tenant : core::from_the_top(*state_, leaf)) {
            for (const auto& [accelerator, gpus] : need) {
                use_of(tenant)[accelerator] += gpus;
            }
        }
    }

    GpuNeed& use_of(TenantId id) {
        return use_.try_emplace(id, state_->tenant(id)->used).first->second;
    }

    const State* state_;
    std::map<TenantId, GpuNeed> use_;
};

// A running job that the beneficiary has a right to stop.
struct Candidate {
    const Job* job = nullptr;
    std::int64_t over = 0;  // what the tenant it is taken from borrows; 0 by right of the lane
    int lane = 0;
    std::int64_t cost = 0;  // milli-GPU seconds lost

    // From the tenant most over its guarantee, or in the highest lane, who loses least first.
    bool goes_before(const Candidate& other) const {
        return std::tuple(-over, -lane, cost, job->id) <
               std::tuple(-other.over, -other.lane, other.cost, other.job->id);
    }
};

class Planner {
public:
    // The demand is the beneficiary's, or one for fewer nodes; it comes to this need.
    Planner(const State& state, const Job& beneficiary, const std::pair<Demand, GpuNeed>& wanted,
            Time now)
        : state_(state),
          beneficiary_(beneficiary),
          asked_(wanted.first),
          now_(now),
          outlook_(state),
          need_(wanted.second),
          path_(core::from_the_top(state, asked_.tenant)),
          lane_(std::get<Waiting>(beneficiary.state).lane),
          work_(std::get<Waiting>(beneficiary.state).work),
          base_(offered_to({state, beneficiary, now + kKeptBeyondGrace}, beneficiary.demand())) {
    }  // it starts when others have stopped

    std::optional<PreemptionPlan> plan() {
        collect();
        if (candidates_.empty()) {
            return std::nullopt;
        }
        if (auto shrunk = by_shrinking()) {
            return shrunk;
        }
        const std::vector<std::vector<const Candidate*>> nodes = cheapest_nodes();
        auto found = fewest_nodes(nodes);
        if (found) {
            spare(*found);
        }
        return found;
    }

    std::int64_t cost(const PreemptionPlan& plan) const {
        std::int64_t sum = 0;
        for (const JobId victim : plan.victims) {
            const Job& job = *state_.job(victim);
            sum += cost_of(job, std::get<Placed>(job.state));
        }
        return sum;
    }

private:
    // By which right jobs of this tenant may be stopped, given who is gone already.
    struct Right {
        bool of_guarantee = false;
        std::int64_t over = 0;  // what the tenant it is taken from borrows
    };

    std::optional<Right> right_against(TenantId holder, const std::string& accelerator,
                                       Outlook& outlook) const {
        const std::vector<TenantId>& other = core::from_the_top(state_, holder);
        const auto [mine, theirs] = std::ranges::mismatch(path_, other);
        if (mine == path_.end() && theirs == other.end()) {
            return Right{};
        }
        if (mine == path_.end() || theirs == other.end()) {
            return std::nullopt;  // one is above the other: what it holds is the other's own
        }
        for (auto tenant = theirs; tenant != other.end(); ++tenant) {
            if (outlook.borrowed(*tenant, accelerator).is_zero()) {
                return std::nullopt;
            }
        }
        const bool owns = outlook.owns(*mine, need_);
        return Right{.of_guarantee = owns,
                     .over = owns ? outlook.borrowed(*theirs, accelerator).units() : 0};
    }

    // Of one job.
    std::optional<Candidate> reach(const Job& job, int lane, Outlook& outlook) const {
        const auto& placed = std::get<Placed>(job.state);
        const auto right =
            right_against(job.demand().tenant, placed.tasks.front().accelerator, outlook);
        if (!right || (!right->of_guarantee && !passes(job, lane))) {
            return std::nullopt;
        }
        return Candidate{
            .job = &job, .over = right->over, .lane = lane, .cost = cost_of(job, placed)};
    }

    // By right of the lane; but where the past tells that the other is likely to end as soon,
    // stopping it would only make both wait.
    bool passes(const Job& job, int lane) const {
        return lane > lane_ && expected_work(state_, job, now_) >= work_ + kHalfDoublingsLonger;
    }

    // Milli-GPUs of the tasks that stay; of others nothing more is lost.
    static std::int64_t at_stake(const Job& job, const Placed& placed) {
        if (!job.demand().is_elastic() && job.demand().sharing == Sharing::Shared) {
            return job.demand().total().milli_gpus.units();
        }
        std::int64_t sum = 0;
        for (const PlacedTask& task : placed.tasks) {
            sum += task.leaving ? 0 : task.milli_gpus();
        }
        return sum;
    }

    std::int64_t cost_of(const Job& job, const Placed& placed) const {
        const auto today = std::ranges::count_if(job.past, [&](const PastAttempt& attempt) {
            return attempt.ending.reason == EndReason::Preempted &&
                   attempt.ended + kHalfLife > now_;
        });
        const Time saved = std::max(placed.since, placed.checkpointed.value_or(placed.since));
        const std::int64_t lost = (now_ - saved + kRestart).count() / 1000;
        return at_stake(job, placed) * lost << std::min<std::int64_t>(today, kMostDoublings);
    }

    struct Reachable {
        Right right;
        TenantId tenant;
        const std::set<Stoppable>* jobs = nullptr;
    };

    // Tenants of whose jobs some may be stopped, those of whom is most over the guarantee first.
    std::vector<Reachable> reachable_tenants() {
        std::vector<std::pair<std::int64_t, TenantId>> tops = {{0, path_.front()}};
        for (const TenantId top : state_.borrowers()) {
            if (top != path_.front()) {
                tops.emplace_back(-beyond_guarantee(*state_.tenant(top), outlook_.use(top)).units(),
                                  top);
            }
        }
        std::ranges::sort(tops);
        std::vector<Reachable> reachable;
        for (const auto& [over, top] : tops) {
            if (const auto below = state_.stoppable().find(top);
                below != state_.stoppable().end() && reachable.size() < kMostTenantsLookedAt) {
                add_reachable(below->second, reachable);
            }
        }
        std::ranges::sort(reachable, [](const Reachable& a, const Reachable& b) {
            return std::pair(-a.right.over, a.tenant) < std::pair(-b.right.over, b.tenant);
        });
        return reachable;
    }

    void add_reachable(const State::StoppableJobs& below, std::vector<Reachable>& reachable) {
        for (const auto& [tenant, jobs] : below) {
            const bool has_higher_lane = -jobs.begin()->lane_down > lane_;
            for (const auto& [accelerator, gpus] : need_) {
                const auto right = accelerator == kAnyAccelerator
                                       ? std::nullopt
                                       : right_against(tenant, accelerator, outlook_);
                if (right && (right->of_guarantee || has_higher_lane)) {
                    reachable.push_back({*right, tenant, &jobs});
                    break;  // each tenant's jobs once, whatever several groups ask for
                }
            }
        }
    }

    void collect() {
        std::size_t scanned = 0;
        for (const auto& [right, tenant, jobs] : reachable_tenants()) {
            for (const Stoppable& stoppable : *jobs) {
                const int lane = -stoppable.lane_down;
                if ((lane <= lane_ && !right.of_guarantee) || ++scanned > kMostJobsScanned ||
                    candidates_.size() == kMostVictimsLookedAt) {
                    break;
                }
                const Job& job = *state_.job(stoppable.job);
                if (std::get<Placed>(job.state).since + state_.policy().runs_at_least > now_ ||
                    !helps(job)) {
                    continue;
                }
                if (auto candidate = reach(job, lane, outlook_)) {
                    candidates_.push_back(*candidate);
                    some_are_elastic_ |= job.demand().is_elastic();
                }
            }
        }
        std::ranges::sort(candidates_,
                          [](const auto& a, const auto& b) { return a.goes_before(b); });
    }

    // Whether it is on a node that the beneficiary could use, if only some have the labels.
    bool helps(const Job& job) const {
        const auto& tasks = std::get<Placed>(job.state).tasks;
        return main_group().node_labels.empty() ||
               std::ranges::any_of(tasks, [&](const PlacedTask& task) {
                   return suits(asked_, main_group(), *state_.node(task.node));
               });
    }

    // The group whose tasks are hardest to place.
    const TaskGroup& main_group() const {
        return *std::ranges::max_element(
            asked_.groups, {}, [](const auto& group) { return group.per_task.milli_gpus.units(); });
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

    static void leave(const Candidate& victim, NodeId node, Room& room) {
        for (const PlacedTask& task : std::get<Placed>(victim.job->state).tasks) {
            if (task.node == node && !task.leaving) {
                give_back(
                    task,
                    victim.job->demand().groups[static_cast<std::size_t>(task.group)].per_task,
                    room);
            }
        }
    }

    bool fits(const Node& node, const Room& room) const {
        const TaskGroup& group = main_group();
        const bool is_whole = room == whole_room(node.description);
        if (!suits(asked_, group, node) || (asked_.sharing == Sharing::Exclusive && !is_whole)) {
            return false;
        }
        const Ask ask = Ask::of(group.per_task);
        const Offer offer = base_.nodes().offer_of(node, room);
        return std::ranges::any_of(choices(state_, group), [&](const std::string& accelerator) {
            return tasks_that_fit(ask, base_.nodes().accelerator(accelerator), offer, 1) == 1;
        });
    }

    std::vector<const Candidate*> enough_on(const Node& node,
                                            const std::vector<const Candidate*>& here) {
        // Of a node that came back smaller nobody knows what its tasks would free.
        if (!node.takes_work() || !node.room_is_exact || !base_.admits(asked_, node)) {
            return {};
        }
        Room room = base_.room(node);
        Outlook outlook = outlook_;
        std::vector<const Candidate*> victims;
        for (const Candidate* candidate : here) {
            if (!reach(*candidate->job, candidate->lane, outlook)) {
                continue;
            }
            outlook.leaves(*candidate->job);
            leave(*candidate, node.id, room);
            victims.push_back(candidate);
            if (fits(node, room)) {
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
        Outlook outlook = outlook_;
        std::set<JobId> chosen;
        for (std::size_t i = 0; i < count; ++i) {
            for (const Candidate* victim : nodes[i]) {
                if (!chosen.contains(victim->job->id) &&
                    reach(*victim->job, victim->lane, outlook)) {
                    outlook.leaves(*victim->job);
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
        Plan plan = base_;
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
        Outlook outlook = outlook_;
        for (const JobId victim : victims) {
            outlook.leaves(*state_.job(victim));
        }
        for (const Candidate& candidate : candidates_) {
            if (!candidate.job->demand().is_elastic() || contains(victims, candidate.job->id)) {
                continue;
            }
            for (const SurplusTask& task : surplus_of(*candidate.job)) {
                if (!reach(*candidate.job, candidate.lane, outlook) ||
                    surplus.size() == kMostSurplusTasks) {
                    break;
                }
                outlook.leaves(*task.job, task.rank);
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
        Plan plan = base_;
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
        std::ranges::sort(victims, {}, [&](JobId id) {
            const Job& job = *state_.job(id);
            return std::pair(-cost_of(job, std::get<Placed>(job.state)), id);
        });
        return victims;
    }

    static bool contains(const std::vector<JobId>& jobs, JobId job) {
        return std::ranges::find(jobs, job) != jobs.end();
    }

    const State& state_;
    const Job& beneficiary_;
    const Demand& asked_;
    const Time now_;
    Outlook outlook_;
    const GpuNeed need_;
    const std::vector<TenantId>& path_;
    const int lane_;
    const int work_;
    Plan base_;
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
std::optional<PlanAndCost> plan_for(const State& state, const Job& beneficiary,
                                    const Demand& demand, Time now) {
    std::pair<Demand, GpuNeed> wanted{at_least(demand), {}};
    wanted.second = preferred_need(state, wanted.first);
    for (int tried = 0; tried < 2; ++tried) {
        Planner planner(state, beneficiary, wanted, now);
        auto plan = planner.plan();
        if (!plan) {
            return std::nullopt;
        }
        GpuNeed held = gpus_held(plan->tasks);
        if (demand.sharing == Sharing::Shared || is_within(held, wanted.second)) {
            const std::int64_t cost = planner.cost(*plan);
            return PlanAndCost{.plan = std::move(*plan), .cost = cost};
        }
        wanted.second = std::move(held);
    }
    return std::nullopt;
}

// The cheapest domain to make room in.
std::optional<PlanAndCost> plan_for_a_domain(const State& state, const Job& beneficiary,
                                             const Demand& demand, Time now) {
    std::optional<PlanAndCost> best;
    for (const std::string& domain :
         domains_to_free(offered(state, now + kKeptBeyondGrace), demand)) {
        auto plan = plan_for(state, beneficiary, within(demand, domain), now);
        if (plan && (!best || plan->cost < best->cost)) {
            best = std::move(plan);
        }
    }
    const bool must =
        demand.topology->closeness == Closeness::Required || demand.topology->wait > Duration(0);
    if (best || must) {
        return best;
    }
    return plan_for(state, beneficiary, without_topology(demand), now);
}

}  // namespace

std::optional<PreemptionPlan> plan_preemption(const State& state, const Job& beneficiary,
                                              Time now) {
    if (state.stoppable().empty()) {
        return std::nullopt;
    }
    const DemandPointer demand = state.asks_now(beneficiary);
    auto found = demand->topology ? plan_for_a_domain(state, beneficiary, *demand, now)
                                  : plan_for(state, beneficiary, *demand, now);
    return found ? std::optional(std::move(found->plan)) : std::nullopt;
}

}  // namespace gusu::core
