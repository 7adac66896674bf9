#include "scheduler/core/model/job.h"

#include <algorithm>

namespace gusu::core {

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

std::map<std::string, Amount> gpus_held(const std::vector<PlacedTask>& tasks) {
    std::map<std::string, Amount> held;
    for (const PlacedTask& task : tasks) {
        const auto milli = static_cast<std::int64_t>(task.devices.size()) * task.milli_per_device;
        if (milli > 0) {
            held[task.accelerator] += Amount(milli);
            held[kAnyAccelerator] += Amount(milli);
        }
    }
    return held;
}

}  // namespace gusu::core
