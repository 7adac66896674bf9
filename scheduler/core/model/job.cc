#include "scheduler/core/model/job.h"

#include <algorithm>

namespace gusu::core {

bool Demand::is_elastic() const {
    return std::ranges::any_of(groups, [](const TaskGroup& group) { return group.min_tasks > 0; });
}

int Demand::tasks() const {
    int sum = 0;
    for (const TaskGroup& group : groups) {
        sum += group.tasks;
    }
    return sum;
}

Resources Demand::total() const {
    Resources sum;
    for (const TaskGroup& group : groups) {
        sum.milli_gpus += group.per_task.milli_gpus.times(group.tasks);
        sum.milli_cpus += group.per_task.milli_cpus.times(group.tasks);
        sum.memory += group.per_task.memory.times(group.tasks);
    }
    return sum;
}

std::optional<JobId> element_of(const Array& array, int index) {
    const auto found = std::ranges::lower_bound(array.indices, index);
    if (found == array.indices.end() || *found != index) {
        return std::nullopt;
    }
    return JobId{array.id.value + 1 + static_cast<std::uint64_t>(found - array.indices.begin())};
}

Time latest_start(const Job& job) {
    return *job.spec->deadline - job.demand().time_limit.value_or(Duration(0));
}

std::optional<Time> PlacedTask::left() const {
    const auto* ended = std::get_if<TaskEnded>(&state);
    return leaving && ended != nullptr ? std::optional(ended->at) : std::nullopt;
}

std::int64_t PlacedTask::milli_gpus() const {
    std::int64_t sum = 0;
    each_share([&](const DeviceShare& share) { sum += share.milli; });
    return sum;
}

Resources PlacedTask::holds(const Resources& each) const {
    return {.milli_gpus = each.milli_gpus,
            .milli_cpus = each.milli_cpus + idle.milli_cpus,
            .memory = each.memory + idle.memory};
}

GpuNeed gpus_held(const std::vector<PlacedTask>& tasks) {
    GpuNeed held;
    const auto add = [&](const std::string& accelerator, std::int64_t milli) {
        if (milli > 0) {
            held[accelerator] += Amount(milli);
            held[kAnyAccelerator] += Amount(milli);
        }
    };
    for (const PlacedTask& task : tasks) {
        if (task.left()) {
            continue;
        }
        add(task.accelerator,
            static_cast<std::int64_t>(task.devices.size()) * task.milli_per_device);
        for (const DevicePart& part : task.idle.devices) {
            add(part.accelerator, part.milli);
        }
    }
    return held;
}

std::int64_t milli_gpu_ms(const std::vector<PlacedTask>& tasks, Time from, Time until) {
    std::int64_t sum = 0;
    for (const PlacedTask& task : tasks) {
        const Duration held = std::min(task.left().value_or(until), until) - from;
        sum += task.milli_gpus() * std::max(held, Duration(0)).count();
    }
    return sum;
}

std::int64_t PastAttempt::unsaved_milli_gpu_ms() const {
    return milli_gpu_ms(tasks, std::max(placed, checkpointed.value_or(placed)), ended);
}

std::int64_t milli_gpus(const Job& job) {
    const auto* placed = std::get_if<Placed>(&job.state);
    const bool as_asked = job.demand().sharing == Sharing::Shared && !job.demand().is_elastic();
    if (placed == nullptr || as_asked) {
        return job.demand().total().milli_gpus.units();
    }
    std::int64_t sum = 0;
    for (const PlacedTask& task : placed->tasks) {
        sum += task.left() ? 0 : task.milli_gpus();
    }
    return sum;
}

Time widens_at(const Job& job) {
    const auto& topology = job.demand().topology;
    if (!topology || topology->closeness == Closeness::Required || topology->wait == Duration(0)) {
        return kNever;
    }
    return std::get<Waiting>(job.state).ready + topology->wait;
}

Demand widened(const Demand& demand) {
    Demand wide = demand;
    wide.topology->wait = Duration(0);
    return wide;
}

Time expected_end(const Job& job) {
    const auto& placed = std::get<Placed>(job.state);
    const auto& limit = job.demand().time_limit;
    return limit ? placed.running_since.value_or(placed.since) + *limit + job.spec->stop_grace
                 : kNever;
}

}  // namespace gusu::core
