#include "scheduler/core/model/job.h"

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
