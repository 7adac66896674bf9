#include "scheduler/core/step.h"

#include <algorithm>

#include "scheduler/core/policy/retry.h"

namespace gusu::core {
namespace {

// How the attempt ends: as it was told to; else as its first task that failed; else well. Tasks
// that it was to do without do not count.
Ending ending_of(const Placed& placed) {
    if (placed.stopping) {
        return placed.stopping->because;
    }
    Ending ending;
    std::optional<Time> first;
    for (const PlacedTask& task : placed.tasks) {
        const auto& end = std::get<TaskEnded>(task.state);
        const bool failed = end.ending.reason != EndReason::Completed && !task.leaving;
        if (failed && (!first || end.at < *first)) {
            first = end.at;
            ending = end.ending;
        }
    }
    return ending;
}

}  // namespace

std::vector<UsageRow> usage_of(const Job& job, Time now) {
    const auto& placed = std::get<Placed>(job.state);
    std::map<std::pair<Time, std::string>, UsageRow> rows;
    for (const PlacedTask& task : placed.tasks) {
        const Time until = task.left().value_or(now);
        const Resources& each = job.demand().groups[static_cast<std::size_t>(task.group)].per_task;
        UsageRow& row = rows[{until, task.accelerator}];
        row.milli_gpus +=
            Amount(static_cast<std::int64_t>(task.devices.size()) * task.milli_per_device);
        row.milli_cpus += task.holds(each).milli_cpus;
        for (const DevicePart& part : task.idle.devices) {
            rows[{until, part.accelerator}].milli_gpus += Amount(part.milli);
        }
    }
    std::vector<UsageRow> all;
    for (auto& [key, row] : rows) {
        row.tenant = job.demand().tenant;
        row.user = job.spec->user;
        row.accelerator = key.second;
        row.from = placed.since;
        row.until = key.first;
        all.push_back(std::move(row));
    }
    return all;
}

std::optional<Event> consequence(const Job& job, Time now) {
    const auto* placed = std::get_if<Placed>(&job.state);
    if (placed == nullptr) {
        return std::nullopt;
    }
    const auto over = [](const PlacedTask& task) {
        return std::holds_alternative<TaskEnded>(task.state);
    };
    if (std::ranges::all_of(placed->tasks, over)) {
        Ending ending = ending_of(*placed);
        auto usage = usage_of(job, now);
        if (const auto again = next_attempt(job, ending, now)) {
            return Event{now, JobRequeued{.job = job.id,
                                          .incarnation = placed->incarnation,
                                          .ending = std::move(ending),
                                          .not_before = *again,
                                          .usage = std::move(usage)}};
        }
        return Event{now, JobEnded{.job = job.id,
                                   .incarnation = placed->incarnation,
                                   .ending = std::move(ending),
                                   .usage = std::move(usage)}};
    }
    for (const PlacedTask& task : placed->tasks) {
        const auto* end = std::get_if<TaskEnded>(&task.state);
        const bool failed =
            end != nullptr && end->ending.reason != EndReason::Completed && !task.leaving;
        if (failed && !placed->stopping) {
            return Event{now, JobStopRequested{job.id, end->ending}};
        }
    }
    return std::nullopt;
}

}  // namespace gusu::core
