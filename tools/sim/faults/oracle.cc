#include "tools/sim/faults/oracle.h"

#include <algorithm>
#include <utility>

#include "scheduler/core/policy/quota.h"
#include "tools/sim/faults/invariants.h"

namespace gusu::faults {
namespace {

// Ended jobs leave the memory an hour later; what clients were told longer ago is not asked for.
constexpr Duration kRemembered{50 * 60'000};

std::string text_of(const Program& program) {
    return "task " + std::to_string(program.incarnation) + "." + std::to_string(program.task) +
           " on n" + std::to_string(program.node);
}

std::string text_of(const core::Event& event) {
    const auto job = [](const char* what, JobId id, IncarnationId incarnation) {
        return "job " + std::to_string(id.value) + " " + what + ", incarnation " +
               std::to_string(incarnation.value);
    };
    if (const auto* placed = std::get_if<core::JobPlaced>(&event.body)) {
        return job("placed", placed->job, placed->incarnation);
    }
    if (const auto* ended = std::get_if<core::JobEnded>(&event.body)) {
        return job("ended", ended->job, ended->incarnation) + ": " + ended->ending.detail;
    }
    if (const auto* again = std::get_if<core::JobRequeued>(&event.body)) {
        return job("requeued", again->job, again->incarnation) + ": " + again->ending.detail;
    }
    if (const auto* task = std::get_if<core::TaskChanged>(&event.body)) {
        return job("task", task->job, task->incarnation) + "." + std::to_string(task->task) +
               " is in state " + std::to_string(task->state.index());
    }
    if (const auto* stop = std::get_if<core::JobStopRequested>(&event.body)) {
        return job("stops", stop->job, {}) + ": " + stop->because.detail;
    }
    if (const auto* node = std::get_if<core::NodeJoined>(&event.body)) {
        return node->description.name + " joins, " + node->session;
    }
    if (const auto* node = std::get_if<core::NodeContactLost>(&event.body)) {
        return "node " + std::to_string(node->node.value) + " is out of touch";
    }
    if (const auto* node = std::get_if<core::NodeLost>(&event.body)) {
        return "node " + std::to_string(node->node.value) + " is lost";
    }
    return "kind " + std::to_string(event.body.index());
}

}  // namespace

void Oracle::expect(bool holds, const char* invariant, const std::string& what) {
    ++life_.counts.checked[invariant];
    if (!holds && verdict_.empty()) {
        verdict_ = std::string(invariant) + " at " + std::to_string(life_.time.now().count()) +
                   " ms: " + what;
    }
}

void Oracle::program_began(const Program& program, const v1::Launch& launch) {
    life_.tell([&] {
        return "job " + std::to_string(launch.job_id()) + ": " + text_of(program) + " begins";
    });
    expect(began_.emplace(program.incarnation, program.task).second, "S10 started once",
           text_of(program) + " is started a second time");
    std::set<Program>& others = running_of_job_[launch.job_id()];
    for (const Program& other : others) {
        expect(other.incarnation == program.incarnation, "S6 one live incarnation",
               "job " + std::to_string(launch.job_id()) + ": " + text_of(program) +
                   " begins while " + text_of(other) + " runs");
    }
    others.insert(program);
    const auto known = jobs_.find(JobId{launch.job_id()});
    const TenantId tenant = known == jobs_.end() ? TenantId{} : known->second.tenant;
    check_neighbours(program, tenant);
    Running& running = running_[program];
    running = {.job = launch.job_id(),
               .devices = {launch.devices().begin(), launch.devices().end()},
               .milli = launch.milli_gpus_per_device(),
               .tenant = tenant};
    for (const int device : running.devices) {
        int& held = milli_of_device_[{program.node, device}];
        held += running.milli;
        expect(held <= 1000, "S8 devices held once",
               text_of(program) + " takes device " + std::to_string(device) + ", of which " +
                   std::to_string(held) + " are held then");
    }
    std::set<std::uint64_t>& incarnations = ran_[launch.job_id()];
    incarnations.insert(program.incarnation);
    expect(known != jobs_.end(), "S9 durable before launch",
           text_of(program) + " is of a job that the journal does not know");
    expect(ever_placed_.contains(IncarnationId{program.incarnation}), "S9 durable before launch",
           text_of(program) + " begins before its placement is durable");
    expect(known == jobs_.end() || !known->second.once || incarnations.size() == 1,
           "S7 run at most once",
           "job " + std::to_string(launch.job_id()) + " may run once: " + text_of(program));
}

void Oracle::program_ended(const Program& program, int exit_code) {
    life_.tell([&] { return text_of(program) + " ends with " + std::to_string(exit_code); });
    const auto found = running_.find(program);
    if (found == running_.end()) {
        return;
    }
    for (const int device : found->second.devices) {
        milli_of_device_[{program.node, device}] -= found->second.milli;
    }
    running_of_job_[found->second.job].erase(program);
    running_.erase(found);
    exits_[{program.incarnation, program.task}] = exit_code;
}

void Oracle::program_hangs(const Program& program) {
    life_.tell([&] { return text_of(program) + " hangs"; });
    if (const auto found = running_.find(program); found != running_.end()) {
        running_of_job_[found->second.job].erase(program);
        found->second.hangs = true;
    }
}

// What hangs in the kernel runs no instruction.
void Oracle::check_neighbours(const Program& program, TenantId tenant) {
    for (auto each = running_.lower_bound({.node = program.node});
         each != running_.end() && each->first.node == program.node; ++each) {
        const Running& other = each->second;
        const bool apart = sensitive_.contains(tenant) || sensitive_.contains(other.tenant);
        expect(!apart || other.hangs || other.tenant == tenant, "S35 sensitive data is alone",
               text_of(program) + " begins beside " + text_of(each->first) +
                   ", and data of one of the two is sensitive");
    }
}

void Oracle::note_end(NodeId node, JobId job, core::EndReason reason) {
    if (reason == core::EndReason::Completed) {
        failed_on_.erase(node);
    } else {
        failed_on_[node].insert(job);
    }
}

void Oracle::check_drain(const core::NodeDrained& drain) {
    if (drain.cause != core::DrainCause::BlackHole) {
        black_holes_.erase(drain.node);
        return;
    }
    black_holes_.insert(drain.node);
    const std::size_t failed = failed_on_[drain.node].size();
    expect(failed >= 4, "S36 drained for its failures",
           "node " + std::to_string(drain.node.value) + " is drained for " +
               std::to_string(failed) + " jobs that failed in a row");
    expect(black_holes_.size() <= std::max<std::size_t>(1, nodes_.size() / 10),
           "S36 few are drained for failures",
           std::to_string(black_holes_.size()) + " of " + std::to_string(nodes_.size()) +
               " nodes are drained since jobs fail there");
}

std::string Oracle::what_runs() const {
    std::string text;
    for (const auto& [program, running] : running_) {
        text += (text.empty() ? "" : ", ") + text_of(program);
    }
    return text;
}

void Oracle::durable(const store::Batch& batch) {
    for (const core::Event& event : batch.events) {
        note(event);
    }
}

void Oracle::note(const core::Event& event) {
    life_.tell([&] { return "event: " + text_of(event); });
    if (const auto* submitted = std::get_if<core::JobSubmitted>(&event.body)) {
        const core::JobSpec& spec = *submitted->spec;
        expect(!jobs_.contains(submitted->job), "S3 ids never reused",
               "job " + std::to_string(submitted->job.value) + " is submitted a second time");
        jobs_[submitted->job].tenant = spec.demand->tenant;
        jobs_[submitted->job].once = spec.retry.retries == 0 &&
                                     spec.demand->preemption == core::Preemption::Forbidden &&
                                     !spec.demand->is_elastic();
    } else if (const auto* placed = std::get_if<core::JobPlaced>(&event.body)) {
        const Submitted& job = jobs_[placed->job];
        placed_[placed->incarnation] = {placed->job, event.at};
        for (const core::PlacedTask& each : placed->tasks) {
            nodes_of_[placed->incarnation].push_back(each.node);
        }
        expect(ever_placed_.insert(placed->incarnation).second, "S3 ids never reused",
               "incarnation " + std::to_string(placed->incarnation.value) + " is used twice");
        expect(!job.ended, "S15 terminal is terminal",
               "job " + std::to_string(placed->job.value) + " is placed after its end");
        expect(!job.cancelled, "S18 no start after cancel",
               "job " + std::to_string(placed->job.value) + " is placed after its cancellation");
    } else if (const auto* ended = std::get_if<core::JobEnded>(&event.body)) {
        Submitted& job = jobs_[ended->job];
        expect(!job.ended, "S15 terminal is terminal",
               "job " + std::to_string(ended->job.value) + " ends twice");
        job.ended = true;
        ++life_.counts.jobs_ended;
        std::erase(alive_, ended->job);
        check_usage(event, ended->job, ended->incarnation, ended->usage);
    } else if (const auto* again = std::get_if<core::JobRequeued>(&event.body)) {
        check_usage(event, again->job, again->incarnation, again->usage);
    } else if (const auto* task = std::get_if<core::TaskChanged>(&event.body)) {
        const auto* end = std::get_if<core::TaskEnded>(&task->state);
        const bool success = end != nullptr && end->ending.reason == core::EndReason::Completed;
        auto& reached = reached_[{task->incarnation.value, task->task}];
        expect(task->state.index() > reached, "S15 tasks only go forward",
               "task " + std::to_string(task->incarnation.value) + "." +
                   std::to_string(task->task) + " goes from state " + std::to_string(reached) +
                   " to " + std::to_string(task->state.index()));
        reached = task->state.index();
        if (end != nullptr) {
            note_end(nodes_of_[task->incarnation][static_cast<std::size_t>(task->task)], task->job,
                     end->ending.reason);
        }
        const auto exit = exits_.find({task->incarnation.value, task->task});
        expect(!success || (exit != exits_.end() && exit->second == 0), "S16 no false success",
               "task " + std::to_string(task->incarnation.value) + "." +
                   std::to_string(task->task) + " is said to have succeeded");
    } else if (const auto* forgotten = std::get_if<core::JobsForgotten>(&event.body)) {
        // The history keeps them; asked again, the same request makes new ones.
        for (const JobId job : forgotten->jobs) {
            const auto request = job_request_.find(job);
            std::erase_if(told_, [&](const Told& told) {
                return request != job_request_.end() && told.request == request->second;
            });
        }
    } else if (const auto* leads = std::get_if<core::LeadershipTaken>(&event.body)) {
        expect(leads->epoch > epoch_, "S4 epochs rise",
               "epoch " + std::to_string(leads->epoch) + " after " + std::to_string(epoch_));
        epoch_ = leads->epoch;
    } else {
        note_platform(event);
    }
}

void Oracle::note_platform(const core::Event& event) {
    if (const auto* created = std::get_if<core::TenantCreated>(&event.body)) {
        if (created->description.data_class == core::DataClass::Sensitive) {
            sensitive_.insert(created->tenant);
        }
    } else if (const auto* joined = std::get_if<core::NodeJoined>(&event.body)) {
        nodes_.insert(joined->node);
    } else if (const auto* drained = std::get_if<core::NodeDrained>(&event.body)) {
        check_drain(*drained);
    } else if (const auto* resumed = std::get_if<core::NodeResumed>(&event.body)) {
        black_holes_.erase(resumed->node);
        failed_on_.erase(resumed->node);
    }
}

// S17: from the placement to the end, each attempt once.
void Oracle::check_usage(const core::Event& event, JobId job, IncarnationId incarnation,
                         const std::vector<core::UsageRow>& rows) {
    const auto placed = placed_.find(incarnation);
    if (placed == placed_.end()) {
        expect(rows.empty(), "S17 usage is exact",
               "job " + std::to_string(job.value) + " is charged for what it never held");
        return;
    }
    const Time from = placed->second.second;
    bool whole = false;
    bool within = true;
    for (const core::UsageRow& row : rows) {
        whole = whole || (row.from == from && row.until == event.at);
        within = within && row.from == from && row.until <= event.at;
    }
    expect(whole && within && placed->second.first == job, "S17 usage is exact",
           "job " + std::to_string(job.value) + " is charged for other times than it held");
    placed_.erase(placed);
}

void Oracle::submitted(const std::string& user, const std::string& request,
                       const std::vector<JobId>& jobs) {
    for (const JobId job : jobs) {
        const auto [known, is_new] = job_request_.emplace(job, request);
        expect(
            known->second == request, "S3 ids never reused",
            "job " + std::to_string(job.value) + " answers " + known->second + " and " + request);
        const auto durable = jobs_.find(job);
        expect(durable != jobs_.end(), "S1 acknowledged is durable",
               "job " + std::to_string(job.value) + " is acknowledged and not durable");
        if (is_new && durable != jobs_.end() && !durable->second.ended) {
            alive_.push_back(job);
        }
    }
    const auto same = std::ranges::find(told_, request, &Told::request);
    if (same != told_.end()) {
        expect(same->jobs == jobs, "S2 same request, same job",
               request + " is answered by another job");
        return;
    }
    told_.push_back({user, request, jobs, life_.time.now()});
    std::erase_if(told_,
                  [&](const Told& told) { return life_.time.now() - told.at > kRemembered; });
}

void Oracle::cancelled(JobId job) {
    if (const auto known = jobs_.find(job); known != jobs_.end()) {
        known->second.cancelled = true;
    }
}

void Oracle::quota_asked(const std::string& tenant) {
    life_.tell([&] { return "a quota of " + tenant + " is asked for"; });
    QuotaWishes& wishes = quota_wishes_[tenant];
    wishes.have_met |= wishes.open++ > 0;
    quotas_.erase(tenant);
}

// Of wishes that were open together nobody knows which was carried out last.
void Oracle::quota_set(const std::string& tenant, std::int64_t guaranteed) {
    life_.tell([&] {
        return "the quota of " + tenant + " is acknowledged as " + std::to_string(guaranteed);
    });
    QuotaWishes& wishes = quota_wishes_[tenant];
    if (--wishes.open > 0) {
        return;
    }
    if (!std::exchange(wishes.have_met, false)) {
        quotas_[tenant] = guaranteed;
    }
}

void Oracle::check_state(core::Scheduler& scheduler, Time now, Depth depth) {
    check_shares(scheduler.state());
    check_use(scheduler.state());
    check_lost_nodes(scheduler.state());
    if (depth == Depth::Whole) {
        for (const std::string& broken : testing::broken_invariants(scheduler, now)) {
            expect(false, "S12-S34 of the whole state", broken);
        }
        expect(true, "S12-S34 of the whole state", "");
    }
}

namespace {

// Thousandths of each device.
using Held = std::map<std::pair<NodeId, int>, int>;

void add_held(const core::Job& placed, Held& held) {
    for (const core::PlacedTask& task : std::get<core::Placed>(placed.state).tasks) {
        if (!task.left()) {
            task.each_share([&](const core::DeviceShare& share) {
                held[{task.node, share.device}] += share.milli;
            });
        }
    }
}

}  // namespace

// S8, S12: the ledger's view of every device.
void Oracle::check_shares(const core::State& state) {
    Held held;
    for (const auto& [incarnation, id] : state.placed()) {
        add_held(*state.job(id), held);
    }
    bool sound = true;
    for (const auto& [id, node] : state.nodes()) {
        for (std::size_t i = 0; node.room_is_exact && i < node.room.device_milli.size(); ++i) {
            const auto found = held.find({id, static_cast<int>(i)});
            const int used = found == held.end() ? 0 : found->second;
            sound = sound && used <= 1000 && used + node.room.device_milli[i] == 1000;
        }
    }
    expect(sound, "S12 device counts conserve", "the ledger of devices does not add up");
}

// S13: recomputed from what is placed.
void Oracle::check_use(const core::State& state) {
    std::map<TenantId, std::int64_t> used;
    for (const auto& [incarnation, id] : state.placed()) {
        const core::Job& job = *state.job(id);
        const auto held = core::gpus_held(std::get<core::Placed>(job.state).tasks);
        const auto all = held.find(core::kAnyAccelerator);
        const std::int64_t milli = all == held.end() ? 0 : all->second.units();
        for (const core::Tenant* tenant = state.tenant(job.demand().tenant); tenant != nullptr;
             tenant = state.tenant(tenant->parent)) {
            used[tenant->id] += milli;
        }
    }
    bool sound = true;
    for (const auto& [id, tenant] : state.tenants()) {
        const auto counted = tenant.used.find(core::kAnyAccelerator);
        const std::int64_t booked = counted == tenant.used.end() ? 0 : counted->second.units();
        sound = sound && booked == used[id];
        for (const auto& [accelerator, quota] : tenant.quotas) {
            const auto now = tenant.used.find(accelerator);
            sound =
                sound && (!quota.limit || now == tenant.used.end() || now->second <= *quota.limit);
        }
    }
    expect(sound, "S13 use is the sum of what is held", "the use of a tenant does not add up");
}

// L2: what ran on a node that is given up is over in the same moment, not when the node comes back.
void Oracle::check_lost_nodes(const core::State& state) {
    for (const auto& [id, node] : state.nodes()) {
        const bool is_lost = std::holds_alternative<core::Lost>(node.contact);
        for (const core::TaskRef& held : is_lost ? node.tasks : std::set<core::TaskRef>{}) {
            const auto& placed = std::get<core::Placed>(state.job(held.job)->state);
            const auto& task = placed.tasks[static_cast<std::size_t>(held.task)];
            expect(std::holds_alternative<core::TaskEnded>(task.state),
                   "L2 a lost node holds no task",
                   "job " + std::to_string(held.job.value) + " has a task on lost " +
                       node.description.name);
        }
    }
}

void Oracle::check_recovered(const core::State& state) {
    for (const Told& told : told_) {
        if (life_.time.now() - told.at > kRemembered) {
            continue;
        }
        const std::vector<JobId>* jobs = state.request(told.user, told.request);
        expect(jobs != nullptr && *jobs == told.jobs, "S1 acknowledged is durable",
               told.request + " was acknowledged and is gone");
    }
    for (const auto& [path, guaranteed] : quotas_) {
        const core::Tenant* tenant = state.tenant(path);
        expect(tenant != nullptr && core::guaranteed(*tenant, "nvidia-h200").units() == guaranteed,
               "S1 acknowledged is durable", "the quota of " + path + " is not what was set");
    }
}

void Oracle::check_quiet(const core::State& state) {
    for (const auto& [id, job] : state.jobs()) {
        expect(job.is_finished(), "L1 every job ends once it is quiet",
               "job " + std::to_string(id.value) +
                   (job.is_waiting() ? " still waits" : " still runs"));
    }
    expect(running_.empty(), "L3 no orphan is left", what_runs());
    for (const auto& [id, tenant] : state.tenants()) {
        const auto used = tenant.used.find(core::kAnyAccelerator);
        expect(used == tenant.used.end() || used->second == Amount(0), "L2 nothing is leaked",
               tenant.path + " still uses something");
    }
    for (const auto& [id, node] : state.nodes()) {
        expect(node.tasks.empty() && node.room.milli_cpus == node.description.milli_cpus,
               "L2 nothing is leaked", node.description.name + " is not free");
    }
}

}  // namespace gusu::faults
