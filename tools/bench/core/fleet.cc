#include "tools/bench/core/fleet.h"

#include <array>

namespace gusu::bench {
namespace {

constexpr TenantId kTenant{1};
constexpr std::int64_t kGiB = std::int64_t{1} << 30;

std::string model_name(std::uint64_t model) { return "model-" + std::to_string(model); }

core::NodeDescription describe(const FleetSize& size, int node) {
    core::NodeDescription description;
    description.name = "n" + std::to_string(node);
    description.milli_cpus = Amount(std::int64_t{size.gpus_per_node} * 16'000);
    description.memory = Amount(size.gpus_per_node * 128 * kGiB);
    description.runtimes = {"process"};
    for (int i = 0; i < size.gpus_per_node; ++i) {
        description.devices.push_back(
            {.index = i,
             .uuid = {},
             .accelerator = model_name(static_cast<std::uint64_t>(node % size.models)),
             .memory = Amount(1),
             .reality = core::Reality::Simulated,
             .health = core::Health::Healthy,
             .numa_node = -1});
    }
    return description;
}

}  // namespace

core::TaskGroup tasks(int count, std::int64_t milli_gpus, std::vector<std::string> models) {
    core::TaskGroup group;
    group.tasks = count;
    group.accelerators = std::move(models);
    group.per_task = {.milli_gpus = Amount(milli_gpus),
                      .milli_cpus = Amount(milli_gpus * 8),
                      .memory = Amount(milli_gpus * kGiB / 16)};
    return group;
}

core::DemandPointer demand_of(core::TaskGroup group) {
    auto demand = std::make_shared<core::Demand>();
    demand->tenant = kTenant;
    demand->groups = {std::move(group)};
    return demand;
}

Fleet::Fleet(const FleetSize& size, Mix mix, std::uint64_t seed)
    : size_(size), mix_(mix), seed_(seed) {
    happen(core::TenantCreated{.tenant = kTenant, .parent = {}, .path = "t", .description = {}});
    for (int node = 0; node < size.nodes; ++node) {
        happen(core::NodeJoined{.node = NodeId{state_.next_id()},
                                .description = describe(size, node),
                                .boot_id = "b",
                                .session = "s"});
    }
}

void Fleet::happen(core::EventBody body) { state_.apply({Time{}, std::move(body)}); }

// splitmix64
std::uint64_t Fleet::below(std::uint64_t bound) {
    std::uint64_t mixed = seed_ += 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return (mixed ^ (mixed >> 31U)) % bound;
}

core::DemandPointer Fleet::draw() {
    constexpr std::array<std::int64_t, 8> kWhole{1000, 1000, 1000, 2000, 2000, 4000, 4000, 8000};
    constexpr std::array<std::int64_t, 12> kAny{0,    250,  500,  500,  800,  1000,
                                                1000, 1000, 2000, 2000, 4000, 8000};
    std::vector<std::string> models{model_name(below(static_cast<std::uint64_t>(size_.models)))};
    if (mix_ == Mix::WholeDevices) {
        return demand_of(tasks(1, kWhole[below(kWhole.size())], std::move(models)));
    }
    core::TaskGroup group = tasks(1, kAny[below(kAny.size())], std::move(models));
    if (group.per_task.milli_gpus.is_zero() || below(2) == 0) {
        group.accelerators.clear();
    }
    group.per_task.milli_cpus = Amount(static_cast<std::int64_t>(4 + 4 * below(6)) * 1000);
    return demand_of(std::move(group));
}

bool Fleet::start(const core::DemandPointer& demand) {
    core::Placement placement = core::place(*demand, core::Plan(state_));
    if (!placement.found()) {
        return false;
    }
    auto spec = std::make_shared<core::JobSpec>();
    spec->request_id = std::to_string(++requests_);
    spec->demand = demand;
    const JobId job{state_.next_id()};
    happen(core::JobSubmitted{.job = job, .spec = spec, .array_indices = {}});
    happen(core::JobPlaced{.job = job,
                           .incarnation = IncarnationId{state_.next_id()},
                           .tasks = std::move(placement.tasks)});
    running_.push_back(job);
    held_milli_ += demand->total().milli_gpus.units();
    return true;
}

void Fleet::fill(int percent) {
    const std::int64_t wanted = std::int64_t{size_.nodes} * size_.gpus_per_node * 10 * percent;
    for (int in_vain = 0; held_milli_ < wanted && in_vain < 1000;) {
        in_vain = start(draw()) ? 0 : in_vain + 1;
    }
}

JobId Fleet::any_running() { return running_[below(running_.size())]; }

void Fleet::end_one() {
    const auto position = below(running_.size());
    const JobId job = running_[position];
    running_[position] = running_.back();
    running_.pop_back();
    const core::Job& ending = *state_.job(job);
    held_milli_ -= ending.demand().total().milli_gpus.units();
    const IncarnationId incarnation = std::get<core::Placed>(ending.state).incarnation;
    happen(core::JobEnded{.job = job, .incarnation = incarnation, .ending = {}, .usage = {}});
    happen(core::JobsForgotten{.jobs = {job}});
}

}  // namespace gusu::bench
