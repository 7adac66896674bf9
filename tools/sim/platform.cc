#include "tools/sim/platform.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <map>
#include <set>
#include <tuple>

namespace gusu::sim {
namespace {

core::NodeDescription describe(const NodeShape& node) {
    core::NodeDescription description;
    description.name = node.name;
    description.address = "simulated";
    description.milli_cpus = Amount(node.milli_cpus);
    description.memory = Amount(node.memory);
    description.runtimes = {"process"};
    for (int i = 0; i < node.gpus; ++i) {
        description.devices.push_back({.index = i,
                                       .uuid = {},
                                       .accelerator = node.model,
                                       .memory = Amount(1),
                                       .reality = core::Reality::Simulated,
                                       .health = core::Health::Healthy,
                                       .numa_node = -1});
    }
    return description;
}

// Quota is of the one model there is, or of all together.
std::string quota_accelerator(const Cluster& cluster) {
    std::set<std::string> models;
    for (const NodeShape& node : cluster.nodes) {
        if (node.gpus > 0) {
            models.insert(node.model);
        }
    }
    return models.size() == 1 ? *models.begin() : core::kAnyAccelerator;
}

core::TaskGroup group_of(const Shape& shape, int tasks, int gpus_each) {
    core::TaskGroup group;
    group.tasks = tasks;
    group.accelerators = shape.models;
    group.spread = tasks > 1 ? core::Spread::DistinctNodes : core::Spread::Anywhere;
    group.per_task = {.milli_gpus = Amount(std::int64_t{gpus_each} * shape.milli_each),
                      .milli_cpus = Amount(part_of(shape.milli_cpus, shape, gpus_each)),
                      .memory = Amount(part_of(shape.memory, shape, gpus_each))};
    return group;
}

}  // namespace

std::vector<core::TaskGroup> task_groups(const Shape& shape, int gpus_per_node) {
    const Gang gang = gang_of(shape.gpus, gpus_per_node);
    std::vector<core::TaskGroup> groups;
    if (gang.whole_nodes > 0) {
        groups.push_back(group_of(shape, gang.whole_nodes, gpus_per_node));
    }
    if (gang.has_rest) {
        groups.push_back(group_of(shape, 1, gang.rest_gpus));
    }
    return groups;
}

std::string tenant_path(const std::string& name) {
    std::string path;
    for (const char c : name) {
        const auto letter = static_cast<unsigned char>(c);
        path += c == '/' || c == '-' || std::isalnum(letter) != 0
                    ? static_cast<char>(std::tolower(letter))
                    : '_';
    }
    return path;
}

Platform::Platform(const Trace& trace, const Site& site)
    : trace_(trace), site_(site), scheduler_(site.retention) {
    core::SubmitJobs submit;
    submit.caller = admin_;
    submit.submissions.resize(1);
    submission_ = std::move(submit);
}

Status Platform::found() {
    const core::TokenRecord token{.id = "t",
                                  .hash = "0",
                                  .user = admin_.user,
                                  .node = {},
                                  .created = {},
                                  .expires = {},
                                  .used_by = {}};
    for (const core::Command& command :
         {core::Command(core::FoundPlatform{token}), core::Command(core::TakeLeadership{}),
          core::Command(core::SetPolicy{site_.rules})}) {
        if (const Status done = do_first(command); !done) {
            return done;
        }
    }
    for (const auto& part :
         {&Platform::join_nodes, &Platform::create_tenants, &Platform::set_quotas}) {
        if (const Status done = (this->*part)(); !done) {
            return done;
        }
    }
    prepare_demands();
    return Done{};
}

Status Platform::do_first(const core::Command& command) {
    const auto events = execute(command, Time{});
    return events ? Status(Done{}) : events.error();
}

Status Platform::join_nodes() {
    for (const NodeShape& node : site_.cluster.nodes) {
        const Status joined = do_first(core::JoinNode{
            .description = describe(node), .boot_id = "b", .session = kSession, .tasks = {}});
        if (!joined) {
            return joined;
        }
    }
    return Done{};
}

Status Platform::create_tenants() {
    std::set<std::string> all;  // parents sort before their children
    for (const std::string& tenant : trace_.tenants) {
        paths_.push_back(tenant_path(tenant));
        for (std::size_t slash = paths_.back().find('/'); slash != std::string::npos;
             slash = paths_.back().find('/', slash + 1)) {
            all.insert(paths_.back().substr(0, slash));
        }
        all.insert(paths_.back());
    }
    for (const TenantNodes& owned : site_.owned) {
        all.insert(tenant_path(owned.tenant));
    }
    for (const std::string& path : all) {
        const Status created =
            do_first(core::CreateTenant{.caller = admin_, .path = path, .description = {}});
        if (!created) {
            return created;
        }
    }
    return Done{};
}

Status Platform::set_quotas() {
    const std::string accelerator = quota_accelerator(site_.cluster);
    for (const TenantNodes& owned : site_.owned) {
        const std::int64_t gpus = std::int64_t{owned.nodes} * owned.gpus_per_node;
        const Amount guaranteed(gpus * 1000);
        const Amount lendable(gpus * 10 * site_.lendable_percent);
        const Status set = do_first(core::SetQuota{.caller = admin_,
                                                   .tenant = tenant_path(owned.tenant),
                                                   .accelerator = accelerator,
                                                   .guaranteed = guaranteed,
                                                   .limit = {},
                                                   .lendable = lendable});
        if (!set) {
            return set;
        }
    }
    return Done{};
}

// One object for all jobs that ask the same.
void Platform::prepare_demands() {
    using Key = std::tuple<std::uint32_t, std::uint32_t, bool, std::int64_t>;
    std::map<Key, core::DemandPointer> known;
    for (std::size_t job = 0; job < trace_.jobs.size(); ++job) {
        const TraceJob& asked = trace_.jobs[job];
        const bool preemptible = is_preemptible(trace_.ids[job], site_.preemptible_percent);
        const bool declared = site_.knowledge == Knowledge::Oracle;
        core::DemandPointer& demand =
            known[{asked.shape, asked.tenant, preemptible, declared ? asked.duration.count() : -1}];
        if (demand == nullptr) {
            auto made = std::make_shared<core::Demand>();
            made->preemption =
                preemptible ? core::Preemption::Allowed : core::Preemption::Forbidden;
            if (declared) {
                made->time_limit = asked.duration;
            }
            made->groups = task_groups(trace_.shapes[asked.shape], site_.cluster.gpus_per_node);
            demand = std::move(made);
        }
        demands_.push_back(demand);
    }
}

Result<core::Events> Platform::submit(std::size_t job, Time now) {
    return submit_as(job, job, now);
}

Result<core::Events> Platform::submit_as(std::uint64_t number, std::size_t job, Time now) {
    auto& submit = std::get<core::SubmitJobs>(submission_);
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    submit.request_id.assign(digits.data(), end);
    core::Submission& only = submit.submissions.front();
    only.tenant = paths_[trace_.jobs[job].tenant];
    only.spec.demand = demands_[job];
    return execute(submission_, now);
}

Result<core::Events> Platform::execute(const core::Command& command, Time now) {
    auto events = scheduler_.execute(command, now);
    if (events) {
        log_.add(*events);
    }
    return events;
}

core::Events Platform::step(Time now) {
    core::Events events = scheduler_.step(now);
    log_.add(events);
    return events;
}

}  // namespace gusu::sim
