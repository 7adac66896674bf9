#include "tools/sim/faults/invariants.h"

#include <algorithm>

#include "scheduler/core/policy/elastic.h"
#include "scheduler/core/policy/held_places.h"
#include "scheduler/core/policy/order.h"
#include "scheduler/core/policy/placement.h"
#include "scheduler/core/policy/preemption.h"
#include "scheduler/core/policy/windows.h"
#include "scheduler/wire/event_codec.h"

namespace gusu::testing {
namespace {

// The highest tenant above this one, or itself, whose data is sensitive; from the descriptions.
TenantId enclosure_above(const core::State& state, TenantId tenant) {
    TenantId highest;
    for (const core::Tenant* each = state.tenant(tenant); each != nullptr;
         each = state.tenant(each->parent)) {
        const bool sensitive = each->description.data_class == core::DataClass::Sensitive;
        highest = sensitive ? each->id : highest;
    }
    return highest;
}

class Inspection {
public:
    Inspection(core::Scheduler& scheduler, Time now)
        : scheduler_(scheduler), state_(scheduler.state()), now_(now) {}

    std::vector<std::string> broken() {
        devices_are_held_once();
        use_is_the_sum_of_what_is_held();
        nothing_that_could_start_waits();
        the_index_knows_what_is_free();
        what_is_released_can_be_taken_again();
        every_waiting_job_has_a_reason();
        kept_places_are_kept();
        who_may_be_stopped_leaves_windows();
        elastic_jobs_have_their_least();
        exclusive_jobs_are_alone();
        jobs_are_as_close_as_they_must();
        tasks_are_spread_evenly();
        it_is_known_who_holds_nodes();
        it_is_known_who_is_where();
        return broken_;
    }

private:
    void expect(bool holds, const std::string& what) {
        if (!holds) {
            broken_.push_back(what);
        }
    }

    // P5: no device is held beyond itself, and the ledger knows exactly what is held.
    void devices_are_held_once() {
        std::map<std::pair<NodeId, int>, int> held;
        std::map<std::pair<NodeId, int>, core::Slices> slices;
        std::map<NodeId, Amount> cpus;
        for (const auto& [incarnation, id] : state_.placed()) {
            const core::Job& job = *state_.job(id);
            for (const core::PlacedTask& task : std::get<core::Placed>(job.state).tasks) {
                if (task.left()) {
                    continue;
                }
                const core::Resources& each =
                    job.demand().groups[static_cast<std::size_t>(task.group)].per_task;
                task.each_share([&](const core::DeviceShare& share) {
                    held[{task.node, share.device}] += share.milli;
                    core::Slices& taken = slices[{task.node, share.device}];
                    expect((taken & share.slices) == 0, "a slice is held by two tasks");
                    taken |= share.slices;
                });
                cpus[task.node] += task.holds(each).milli_cpus;
            }
        }
        for (const auto& [id, node] : state_.nodes()) {
            for (std::size_t i = 0; i < node.room.device_milli.size(); ++i) {
                const int used = held[{id, static_cast<int>(i)}];
                expect(used <= 1000 && used + node.room.device_milli[i] == 1000,
                       node.description.name + " device " + std::to_string(i) + " holds " +
                           std::to_string(used) + " and has " +
                           std::to_string(node.room.device_milli[i]));
                const core::Slices taken = slices[{id, static_cast<int>(i)}];
                const int of = node.description.devices[i].slices;
                expect((taken | node.room.slices_of(i)) == core::all_slices(of) &&
                           (taken & node.room.slices_of(i)) == 0,
                       node.description.name + " device " + std::to_string(i) +
                           " knows which of its slices are held");
            }
            expect(cpus[id] + node.room.milli_cpus == node.description.milli_cpus,
                   "CPUs of " + node.description.name + " do not add up");
        }
    }

    void use_is_the_sum_of_what_is_held() {
        std::map<TenantId, std::int64_t> used;
        std::map<TenantId, int> pending;
        std::map<TenantId, int> running;
        for (const auto& [id, job] : state_.jobs()) {
            const auto* placed = std::get_if<core::Placed>(&job.state);
            for (const core::Tenant* t = state_.tenant(job.demand().tenant); t != nullptr;
                 t = state_.tenant(t->parent)) {
                pending[t->id] += job.is_waiting() ? 1 : 0;
                running[t->id] += job.is_placed() ? 1 : 0;
                used[t->id] += placed == nullptr
                                   ? 0
                                   : core::gpus_held(placed->tasks)[core::kAnyAccelerator].units();
            }
        }
        for (const auto& [id, tenant] : state_.tenants()) {
            expect(core::used(tenant, core::kAnyAccelerator).units() == used[id],
                   "use of " + tenant.path + " is not what its jobs hold");
            expect(tenant.pending_jobs == pending[id] && tenant.running_jobs == running[id],
                   "counts of jobs of " + tenant.path + " are wrong");
            for (const auto& [accelerator, quota] : tenant.quotas) {
                expect(!quota.limit || core::used(tenant, accelerator) <= *quota.limit,
                       tenant.path + " is over its limit");
            }
        }
    }

    // A full pass finds nothing that the steps have missed.
    void nothing_that_could_start_waits() {
        expect(!state_.pending().next(), "a class was left untried");
        core::Scheduler copy = scheduler_;
        for (const core::Event& event : copy.full_pass(now_)) {
            const auto* placed = std::get_if<core::JobPlaced>(&event.body);
            expect(placed == nullptr,
                   "a full pass starts what the steps have missed" +
                       (placed == nullptr ? "" : ": job " + std::to_string(placed->job.value)));
            const auto* made = std::get_if<core::JobNominated>(&event.body);
            // A limit may keep an exclusive job from the nodes that are free: when others take
            // these, it is asked again with the next room that comes up, or in a full pass.
            const bool is_exclusive = made != nullptr && state_.job(made->job)->demand().sharing ==
                                                             core::Sharing::Exclusive;
            expect(made == nullptr || is_exclusive,
                   "a full pass makes room where the steps have not" +
                       (made == nullptr ? "" : ": job " + std::to_string(made->job.value)));
        }
        for (const auto& [demand, jobs] : state_.pending().classes()) {
            const bool open = !core::suspended_tenant(state_, demand->tenant) &&
                              !core::tenant_with_all_jobs_running(state_, demand->tenant);
            const core::Demand least = core::at_least(*demand);
            const bool lent =
                !core::lending_closed(state_, least, core::preferred_need(state_, least));
            const core::Job& first = *state_.job(jobs.jobs.begin()->job);
            const core::Plan plan = core::offered_behind_all({state_, first, now_}, least);
            expect(
                !open || !lent || !core::place(least, plan).found(),
                "job " + std::to_string(jobs.jobs.begin()->job.value) + " could start and waits");
        }
    }

    void the_index_knows_what_is_free() {
        const core::NodeIndex& index = state_.open_nodes();
        std::size_t open = 0;
        std::size_t indexed = 0;
        for (const core::NodeIndex::Alike& alike : index.alike()) {
            indexed += alike.nodes.size();
        }
        for (const auto& [id, node] : state_.nodes()) {
            open += node.takes_work() ? 1 : 0;
            expect(!node.takes_work() ||
                       index.offer_at(index.position_of(id)) == index.offer_of(node, node.room),
                   node.description.name + " is indexed as what it is not");
        }
        expect(open == indexed, "nodes that take no work are indexed");
    }

    // It may have been placed when other domains were there, or when it had waited for one.
    static core::Demand as_where_it_is(const core::Job& job) {
        core::Demand demand = core::at_least(job.demand());
        for (core::TaskGroup& group : demand.groups) {
            group.spread_over.clear();
        }
        const bool waits =
            demand.topology.has_value() && demand.topology->closeness == core::Closeness::Preferred;
        return waits ? core::widened(demand) : demand;
    }

    // A device that has failed since then is given to nobody.
    static bool is_healthy(const core::Node& node, const core::PlacedTask& task) {
        return std::ranges::all_of(task.devices, [&](int device) {
            return node.description.devices[static_cast<std::size_t>(device)].health ==
                   core::Health::Healthy;
        });
    }

    // So that a preemption plan knows what its victims leave. Limits stand: they count by the
    // state. Where the class of somebody's data has changed since, it might not come again.
    void what_is_released_can_be_taken_again() {
        for (const auto& [incarnation, id] : state_.placed()) {
            const core::Job& job = *state_.job(id);
            const auto& tasks = std::get<core::Placed>(job.state).tasks;
            const bool open = std::ranges::all_of(tasks, [&](const core::PlacedTask& task) {
                const core::Node& node = *state_.node(task.node);
                return node.takes_work() && node.room_is_exact && is_healthy(node, task);
            });
            core::Plan plan(state_);
            plan.release(job);
            const bool shares = std::ranges::all_of(tasks, [&](const core::PlacedTask& task) {
                return plan.may_share(job.demand(), *state_.node(task.node));
            });
            const core::Placement again = core::place(as_where_it_is(job), plan);
            expect(!open || !shares || again.found() || again.limit || again.lending || again.kept,
                   "job " + std::to_string(id.value) + " has no room where it was");
        }
    }

    // An elastic job has never fewer tasks than it may, nor more than it asked for.
    void elastic_jobs_have_their_least() {
        for (const auto& [incarnation, id] : state_.placed()) {
            const core::Job& job = *state_.job(id);
            std::vector<int> staying(job.demand().groups.size());
            for (const core::PlacedTask& task : std::get<core::Placed>(job.state).tasks) {
                staying[static_cast<std::size_t>(task.group)] += task.leaving ? 0 : 1;
            }
            for (std::size_t i = 0; i < staying.size(); ++i) {
                const core::TaskGroup& group = job.demand().groups[i];
                const int least = group.min_tasks > 0 ? group.min_tasks : group.tasks;
                expect(staying[i] >= least && staying[i] <= group.tasks,
                       "job " + std::to_string(id.value) + " has " + std::to_string(staying[i]) +
                           " tasks");
            }
        }
    }

    using Place = std::pair<NodeId, int>;  // node and device

    // Whole devices kept for jobs that are to follow others.
    std::map<Place, JobId> kept_devices() {
        std::map<Place, JobId> kept;
        const auto keep = [&](JobId id, const core::PlacedTask& task) {
            task.each_share([&](const core::DeviceShare& share) {
                expect(share.milli < core::kWholeDevice ||
                           kept.emplace(Place(task.node, share.device), id).second,
                       "a device is kept for two jobs");
            });
        };
        for (const auto& [id, nomination] : state_.nominations()) {
            expect(state_.job(id)->is_waiting(), "a nominated job waits");
            for (const core::PlacedTask& task : nomination.tasks) {
                keep(id, task);
            }
        }
        return kept;
    }

    static bool goes_for(const core::Nomination& nomination, IncarnationId incarnation,
                         const core::TaskRef& held) {
        const auto& victims = nomination.victims;
        return std::ranges::find(victims, held.job) != victims.end() ||
               std::ranges::any_of(nomination.shrinks, [&](const core::Shrink& shrink) {
                   return shrink.incarnation == incarnation &&
                          std::ranges::find(shrink.ranks, held.task) != shrink.ranks.end();
               });
    }

    // Where a job is to follow others, nobody else has come between.
    void kept_places_are_kept() {
        for (const auto& [place, id] : kept_devices()) {
            const core::Nomination& nomination = state_.nominations().at(id);
            for (const core::TaskRef& held : state_.node(place.first)->tasks) {
                const auto& placed = std::get<core::Placed>(state_.job(held.job)->state);
                const auto& devices = placed.tasks[static_cast<std::size_t>(held.task)].devices;
                const bool holds = std::ranges::find(devices, place.second) != devices.end();
                expect(!holds || goes_for(nomination, placed.incarnation, held),
                       "job " + std::to_string(held.job.value) +
                           " has come between where a place is kept");
            }
        }
    }

    void who_may_be_stopped_leaves_windows() {
        expect(scheduler_.next_timer() > now_, "something due was not done");
        for (const auto& [id, windows] : state_.windows()) {
            for (const core::TaskRef& held : state_.node(id)->tasks) {
                const core::Job& job = *state_.job(held.job);
                const bool stays = !std::get<core::Placed>(job.state).stopping &&
                                   job.demand().preemption == core::Preemption::Allowed;
                const bool open = std::ranges::any_of(windows, [&](const core::Window& window) {
                    return window.begins <= now_ &&
                           !core::is_entitled(state_, job.demand().tenant, window.tenant);
                });
                expect(!stays || !open, "job " + std::to_string(job.id.value) +
                                            " stays on a node that is reserved for others");
            }
        }
    }

    void exclusive_jobs_are_alone() {
        for (const auto& [id, node] : state_.nodes()) {
            const bool some = std::ranges::any_of(node.tasks, [&](const core::TaskRef& held) {
                return state_.job(held.job)->demand().sharing == core::Sharing::Exclusive;
            });
            expect(!some || node.tasks.begin()->job == node.tasks.rbegin()->job,
                   "something runs beside an exclusive job on " + node.description.name);
        }
    }

    // Labels do not change in these lives.
    std::map<std::string, int> tasks_by_label(const core::Job& job, int group,
                                              const std::string& label) {
        std::map<std::string, int> tasks;
        for (const core::PlacedTask& task : std::get<core::Placed>(job.state).tasks) {
            const std::string* value = state_.node(task.node)->label(label);
            if (group < 0 || task.group == group) {
                ++tasks[value == nullptr ? "" : *value];
            }
        }
        return tasks;
    }

    void jobs_are_as_close_as_they_must() {
        for (const auto& [incarnation, id] : state_.placed()) {
            const core::Job& job = *state_.job(id);
            const auto& topology = job.demand().topology;
            if (!topology || topology->closeness == core::Closeness::Preferred) {
                continue;
            }
            const auto tasks = tasks_by_label(job, -1, topology->level);
            expect(tasks.size() == 1 && !tasks.contains(""),
                   "job " + std::to_string(id.value) + " is not within one domain");
        }
    }

    void tasks_are_spread_evenly() {
        for (const auto& [incarnation, id] : state_.placed()) {
            const core::Job& job = *state_.job(id);
            for (std::size_t i = 0; i < job.demand().groups.size(); ++i) {
                const std::string& over = job.demand().groups[i].spread_over;
                if (over.empty()) {
                    continue;
                }
                const auto tasks = tasks_by_label(job, static_cast<int>(i), over);
                const auto [least, most] = std::ranges::minmax_element(
                    tasks, {}, [](const auto& each) { return each.second; });
                expect(!tasks.contains("") && most->second - least->second <= 1,
                       "job " + std::to_string(id.value) + " is not spread evenly");
            }
        }
    }

    void it_is_known_who_holds_nodes() {
        const core::WholeNodes& known = state_.whole_nodes();
        std::map<std::string, int> unheld;
        for (const auto& [id, node] : state_.nodes()) {
            const bool firm = std::ranges::any_of(node.tasks, [&](const core::TaskRef& held) {
                return core::is_firm(state_.policy(), state_.job(held.job)->demand());
            });
            if (node.takes_work() && !firm) {
                ++unheld[node.description.devices.front().accelerator];
            }
        }
        for (const auto& [accelerator, guarantees] : known.guarantees()) {
            expect(known.unheld(accelerator) == unheld[accelerator],
                   std::to_string(known.unheld(accelerator)) + " nodes with " + accelerator +
                       " are held by nobody, not " + std::to_string(unheld[accelerator]));
        }
    }

    void it_is_known_who_is_where() {
        for (const auto& [id, node] : state_.nodes()) {
            core::Occupants there;
            for (const core::TaskRef& held : node.tasks) {
                there.come(enclosure_above(state_, state_.job(held.job)->demand().tenant));
            }
            expect(!state_.somebody_is_enclosed() || state_.occupants(id) == there,
                   "it is not known who is on " + node.description.name);
        }
    }

    // P12.
    void every_waiting_job_has_a_reason() {
        std::int64_t waiting = 0;
        for (const auto& [id, job] : state_.jobs()) {
            if (!job.is_waiting()) {
                continue;
            }
            ++waiting;
            expect(scheduler_.first_reason(job, now_).reason != core::WaitReason::NotYetExamined,
                   "job " + std::to_string(id.value) + " waits without a reason");
        }
        core::Feasibility feasibility;
        std::int64_t counted = 0;
        for (const auto& [reason, count] : core::waiting_by_reason(state_, feasibility, now_)) {
            counted += count;
        }
        expect(counted == waiting, "reasons are counted for " + std::to_string(counted) + " of " +
                                       std::to_string(waiting) + " waiting jobs");
    }

    core::Scheduler& scheduler_;
    const core::State& state_;
    Time now_;
    std::vector<std::string> broken_;
};

}  // namespace

std::vector<std::string> broken_invariants(core::Scheduler& scheduler, Time now) {
    return Inspection(scheduler, now).broken();
}

std::string placed_in_the_way(const core::State& before, const core::Event& event) {
    const auto* placed = std::get_if<core::JobPlaced>(&event.body);
    if (placed == nullptr) {
        return "";
    }
    const core::Demand& demand = before.job(placed->job)->demand();
    for (const core::PlacedTask& task : placed->tasks) {
        if (core::window_in_the_way(before, demand, task.node, event.at) != nullptr) {
            return "job " + std::to_string(placed->job.value) +
                   " was placed where a window is in its way";
        }
        const TenantId own = enclosure_above(before, demand.tenant);
        for (const core::TaskRef& held : before.node(task.node)->tasks) {
            if (enclosure_above(before, before.job(held.job)->demand().tenant) != own) {
                return "job " + std::to_string(placed->job.value) + " was placed beside job " +
                       std::to_string(held.job.value) + ", and shares no node with it";
            }
        }
    }
    return "";
}

std::string difference(const core::State& a, const core::State& b) {
    const core::Events left = a.as_events();
    const core::Events right = b.as_events();
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
        const bool both = i < left.size() && i < right.size();
        if (!both || wire::encode_events({left[i]}) != wire::encode_events({right[i]})) {
            const core::Events& longer = i < left.size() ? left : right;
            const auto* job = std::get_if<core::JobRestored>(&longer[i].body);
            return "event " + std::to_string(i) + " of alternative " +
                   std::to_string(longer[i].body.index()) +
                   (job == nullptr ? "" : ", job " + std::to_string(job->job.id.value));
        }
    }
    return "";
}

}  // namespace gusu::testing
