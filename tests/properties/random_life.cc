#include "tests/properties/random_life.h"

namespace gusu::testing {
namespace {

constexpr int kNodes = 5;

std::string node_name(int i) { return "n" + std::to_string(i); }

NodeWish wish(int i, bool some_are_cut) {
    NodeWish wish{.name = node_name(i), .labels = {}};
    wish.accelerator = i % 2 == 0 ? "nvidia-h200" : "nvidia-a100";
    wish.gpus = 4 + 4 * (i % 2);
    wish.cpus = 16;
    wish.cut = some_are_cut && i % 2 == 1 ? 2 * i : 0;
    if (i > 0) {
        wish.labels["rack"] = i < 3 ? "r1" : "r2";  // one node is in none
    }
    return wish;
}

}  // namespace

RandomLife::RandomLife(std::uint64_t seed)
    : random_(seed), some_are_cut_(seed % 3 == 0), some_are_sensitive_(seed % 2 == 0) {
    for (const std::string& path : tenants_) {
        (void)world_.execute(core::CreateTenant{world_.admin(), path, {}});
    }
    if (some_are_sensitive_) {
        core::UpdateTenant update{world_.admin(), "b", {}, {}, {}, {}, {}};
        update.data_class = core::DataClass::Sensitive;
        (void)world_.execute(update);
    }
    // Set once: lowering a limit evicts nobody, so a lowered one may be exceeded for a while.
    (void)world_.execute(core::SetQuota{.caller = world_.admin(),
                                        .tenant = "b",
                                        .accelerator = "nvidia-h200",
                                        .guaranteed = {},
                                        .limit = Amount(3000),
                                        .lendable = {}});
    for (int i = 0; i < kNodes; ++i) {
        (void)world_.join(wish(i, some_are_cut_));
    }
}

JobId RandomLife::any_job() {
    if (jobs_.empty()) {
        return JobId{};
    }
    // The young ones are likelier to be alive.
    const auto size = static_cast<int>(jobs_.size());
    return jobs_[static_cast<std::size_t>(size - 1 - upto(std::min(size - 1, 30)))];
}

void RandomLife::go_on() {
    // Now and then for so long that jobs may be stopped for others.
    const int longest = upto(9) == 0 ? 1'500'000 : 20'000;
    world_.set_time(world_.now() + Duration(upto(longest)));
    (void)world_.step();
    const int kind = upto(99);
    if (kind < 40) {
        submit();
    } else if (kind < 78) {
        observe();
    } else if (kind < 85) {
        change_job();
    } else if (kind < 91) {
        change_node();
    } else if (kind < 95) {
        change_reservation();
    } else {
        change_tenant();
    }
}

// Now and then beside nothing, close together, or spread.
void RandomLife::ask_for_a_place(core::Demand& demand, core::TaskGroup& group) {
    if (upto(7) == 0) {
        demand.sharing = core::Sharing::Exclusive;
    }
    if (upto(4) == 0) {
        const bool must = upto(1) == 0;
        demand.topology = core::Topology{
            .level = "rack",
            .closeness = must ? core::Closeness::Required : core::Closeness::Preferred,
            .wait = must ? Duration(0) : Duration(60'000 * upto(5))};
    }
    if (upto(6) == 0) {
        group.spread_over = "rack";
    }
}

void RandomLife::submit() {
    auto demand = std::make_shared<core::Demand>();
    core::TaskGroup group;
    group.tasks = 1 + (upto(2) == 0 ? upto(4) : 0);
    group.spread = upto(1) == 0 ? core::Spread::Anywhere : core::Spread::DistinctNodes;
    const int gpus[] = {0, 250, 500, 1000, 2000, 4000};
    group.per_task = {.milli_gpus = Amount(gpus[upto(5)]),
                      .milli_cpus = Amount(1000 * (1 + upto(3))),
                      .memory = Amount(1 << 20)};
    if (group.tasks > 1 && upto(1) == 0) {
        group.min_tasks = 1 + upto(group.tasks - 2);
    }
    if (upto(2) == 0 && !group.per_task.milli_gpus.is_zero()) {
        group.accelerators = {upto(1) == 0 ? "nvidia-h200" : "nvidia-a100"};
    }
    if (some_are_cut_ && upto(2) == 0) {
        const char* const profiles[] = {"1g.10gb", "2g.20gb", "3g.40gb"};
        group.slice = core::SliceProfile{.name = profiles[upto(2)]};
        group.accelerators.clear();
    }
    ask_for_a_place(*demand, group);
    demand->groups = {group};
    demand->priority = static_cast<core::Priority>(upto(2));
    demand->preemption = static_cast<core::Preemption>(upto(1));
    if (upto(2) == 0) {
        demand->time_limit = Duration(3'600'000 * (1 + upto(5)));
    }
    core::Submission submission;
    submission.tenant = tenants_[static_cast<std::size_t>(upto(2))];
    submission.spec.demand = demand;
    submission.spec.retry = {.retries = upto(2), .backoff = Duration(1000 * (1 + upto(20)))};
    submission.spec.begin = upto(9) == 0 ? world_.now() + Duration(upto(60'000)) : Time{};
    submission.hold = upto(19) == 0 ? core::Hold::ByUser : core::Hold::None;
    for (int i = upto(9) == 0 ? 1 + upto(5) : 0; i > 0; --i) {
        submission.array_indices.insert(submission.array_indices.begin(), i);
    }
    submission.array_max_running = upto(2);
    if (const JobId on = any_job(); upto(5) == 0 && world_.state().job(on) != nullptr) {
        const core::Job& target = *world_.state().job(on);
        const core::JobRef reference = target.array
                                           ? core::JobRef{target.array->array, target.array->index}
                                           : core::JobRef{on, std::nullopt};
        submission.dependencies.push_back(
            {.condition = static_cast<core::DependencyCondition>(upto(2)),
             .jobs = {reference},
             .siblings = {}});
    }
    const std::uint64_t first = world_.state().next_id();
    // Now and then the same request comes twice.
    requests_ += upto(19) == 0 ? 0 : 1;
    const auto done = world_.execute(core::SubmitJobs{.caller = world_.admin(),
                                                      .request_id = std::to_string(requests_),
                                                      .submissions = {submission}});
    if (done && !done->empty() && world_.state().next_id() > first) {
        const auto elements = submission.array_indices.size();
        for (std::uint64_t id = first + (elements > 0 ? 1 : 0); id <= first + elements; ++id) {
            jobs_.push_back(JobId{id});
        }
    }
}

void RandomLife::observe() {
    if (world_.state().placed().empty()) {
        return;
    }
    const auto& placed = world_.state().placed();
    const JobId id = std::next(placed.begin(), upto(static_cast<int>(placed.size()) - 1))->second;
    const auto& attempt = std::get<core::Placed>(world_.state().job(id)->state);
    const auto& tasks = attempt.tasks;
    const int task = upto(static_cast<int>(tasks.size()) - 1);
    if (upto(7) == 0) {
        const core::Node& node = *world_.state().node(tasks[static_cast<std::size_t>(task)].node);
        const auto* contact = std::get_if<core::InContact>(&node.contact);
        (void)world_.execute(
            core::ReportCheckpoint{.node = node.description.name,
                                   .session = contact == nullptr ? "" : contact->session,
                                   .incarnation = attempt.incarnation,
                                   .task = task,
                                   .ago = Duration(upto(100'000))});
        return;
    }
    if (upto(2) == 0) {
        (void)world_.observe(id, task, core::TaskRunning{});
        return;
    }
    const core::EndReason reasons[] = {core::EndReason::Completed, core::EndReason::Completed,
                                       core::EndReason::ExitCode, core::EndReason::OutOfMemory};
    core::TaskEnded ended{.at = {}, .ending = {.reason = reasons[upto(3)], .detail = {}}};
    (void)world_.observe(id, task, ended);
}

void RandomLife::change_job() {
    const JobId id = any_job();
    const core::Job* job = world_.state().job(id);
    if (job == nullptr) {
        return;
    }
    const core::JobRef reference = job->array ? core::JobRef{job->array->array, job->array->index}
                                              : core::JobRef{id, std::nullopt};
    switch (upto(2)) {
        case 0:
            (void)world_.execute(core::CancelJobs{world_.admin(), {reference}});
            return;
        case 1:
            (void)world_.execute(core::HoldJobs{world_.admin(), {reference}});
            return;
        default:
            (void)world_.execute(core::ReleaseJobs{world_.admin(), {reference}});
    }
}

void RandomLife::change_node() {
    const int i = upto(kNodes - 1);
    const core::Node& node = *world_.state().node(node_name(i));
    const auto* contact = std::get_if<core::InContact>(&node.contact);
    const int kind = upto(4);
    if (kind == 0 && contact != nullptr) {
        (void)world_.execute(
            core::LoseContact{node.description.name, contact->session, Duration(30'000)});
    } else if (kind == 1 && !node.drained) {
        core::DrainNode drain{world_.admin(), node.description.name, "repair"};
        if (upto(1) == 0) {
            drain.at = world_.now() + Duration(upto(7'200'000));
        }
        (void)world_.execute(drain);
    } else if (kind == 2) {
        (void)world_.execute(core::ResumeNode{world_.admin(), node.description.name});
    } else {
        NodeWish again = wish(i, some_are_cut_);
        again.boot_id = kind == 3 ? "boot-" + std::to_string(++boots_) : node.boot_id;
        (void)world_.join(again);
    }
}

void RandomLife::change_reservation() {
    const std::string name = "r" + std::to_string(upto(3));
    if (world_.state().reservations().contains(name)) {
        (void)world_.execute(core::DeleteReservation{world_.admin(), name});
        return;
    }
    core::CreateReservation create{
        .caller = world_.admin(),
        .request_id = name,
        .name = name,
        .nodes = {},
        .node_labels = {},
        .starts = world_.now() + Duration(upto(7'200'000)),
        .lasts = Duration(60'000 + upto(7'200'000)),
        .tenant = upto(1) == 0 ? "" : tenants_[static_cast<std::size_t>(upto(2))],
        .reason = {}};
    for (int i = upto(2); i >= 0; --i) {
        create.nodes.push_back(node_name(upto(kNodes - 1)));
    }
    if (upto(2) == 0) {
        create.every = create.lasts + Duration(60'000 + upto(3'600'000));
    }
    if (upto(3) > 0) {
        create.running = core::CreateReservation::Running::RunOn;
    }
    (void)world_.execute(create);
}

void RandomLife::change_tenant() {
    const std::string& path = tenants_[static_cast<std::size_t>(upto(2))];
    if (upto(1) == 0) {
        const int gpus = upto(4);
        (void)world_.execute(core::SetQuota{.caller = world_.admin(),
                                            .tenant = path,
                                            .accelerator = "nvidia-h200",
                                            .guaranteed = Amount(1000 * gpus),
                                            .limit = {},
                                            .lendable = {},
                                            .guaranteed_nodes = gpus / 4});
        return;
    }
    core::UpdateTenant update{world_.admin(), path, {}, {}, {}, {}, {}};
    if (some_are_sensitive_ && upto(2) == 0) {
        update.data_class = upto(1) == 0 ? core::DataClass::Public : core::DataClass::Sensitive;
    }
    update.status = upto(2) == 0 ? core::TenantStatus::Suspended : core::TenantStatus::Active;
    update.max_running_jobs = upto(1) == 0 ? 0 : 3 + upto(5);
    (void)world_.execute(update);
}

}  // namespace gusu::testing
