#include "scheduler/wire/stored_parts.h"

namespace gusu::wire {
namespace {

storage::EndReason stored_end_reason(core::EndReason reason) {
    switch (reason) {
        case core::EndReason::Completed:
            return storage::END_REASON_COMPLETED;
        case core::EndReason::ExitCode:
            return storage::END_REASON_EXIT_CODE;
        case core::EndReason::TimedOut:
            return storage::END_REASON_TIMED_OUT;
        case core::EndReason::NodeLost:
            return storage::END_REASON_NODE_LOST;
        case core::EndReason::OutOfMemory:
            return storage::END_REASON_OUT_OF_MEMORY;
        case core::EndReason::Preempted:
            return storage::END_REASON_PREEMPTED;
        case core::EndReason::DeviceFault:
            return storage::END_REASON_DEVICE_FAULT;
        case core::EndReason::LaunchFailed:
            return storage::END_REASON_LAUNCH_FAILED;
        case core::EndReason::DependencyFailed:
            return storage::END_REASON_DEPENDENCY_FAILED;
        case core::EndReason::CancelledByUser:
            return storage::END_REASON_CANCELLED_BY_USER;
        case core::EndReason::CancelledByAdmin:
            return storage::END_REASON_CANCELLED_BY_ADMIN;
        case core::EndReason::Deadline:
            return storage::END_REASON_DEADLINE;
    }
    return storage::END_REASON_UNSPECIFIED;
}

}  // namespace

storage::Hold stored_hold(core::Hold hold) {
    switch (hold) {
        case core::Hold::None:
            return storage::HOLD_NONE;
        case core::Hold::ByUser:
            return storage::HOLD_BY_USER;
        case core::Hold::ByAdmin:
            return storage::HOLD_BY_ADMIN;
    }
    return storage::HOLD_UNSPECIFIED;
}

void write_ending(const core::Ending& ending, storage::Ending& record) {
    record.set_reason(stored_end_reason(ending.reason));
    record.set_exit_code(ending.exit_code);
    record.set_signal(ending.signal);
    record.set_detail(ending.detail);
}

core::Ending read_ending(const storage::Ending& record, StoredReader& reader) {
    return {.reason = reader.choice(record.reason(), stored_end_reason, storage::EndReason_MAX,
                                    "end reason"),
            .exit_code = record.exit_code(),
            .signal = record.signal(),
            .detail = record.detail()};
}

void write_task_state(const core::TaskState& state, storage::TaskState& record) {
    if (std::holds_alternative<core::TaskOrdered>(state)) {
        record.mutable_ordered();
    } else if (std::holds_alternative<core::TaskStarting>(state)) {
        record.mutable_starting();
    } else if (const auto* running = std::get_if<core::TaskRunning>(&state)) {
        record.mutable_running()->set_since(to_milliseconds(running->since));
    } else {
        const auto& ended = std::get<core::TaskEnded>(state);
        record.mutable_ended()->set_at(to_milliseconds(ended.at));
        write_ending(ended.ending, *record.mutable_ended()->mutable_ending());
    }
}

core::TaskState read_task_state(const storage::TaskState& record, StoredReader& reader) {
    switch (record.state_case()) {
        case storage::TaskState::kOrdered:
            return core::TaskOrdered{};
        case storage::TaskState::kStarting:
            return core::TaskStarting{};
        case storage::TaskState::kRunning:
            return core::TaskRunning{from_milliseconds(record.running().since())};
        case storage::TaskState::kEnded:
            return core::TaskEnded{.at = from_milliseconds(record.ended().at()),
                                   .ending = read_ending(record.ended().ending(), reader)};
        case storage::TaskState::STATE_NOT_SET:
            break;
    }
    reader.fail("has a task in an unknown state");
    return core::TaskOrdered{};
}

namespace {

void write_idle(const core::KeptIdle& idle, storage::PlacedTask& task) {
    if (idle == core::KeptIdle{}) {
        return;
    }
    storage::KeptIdle& record = *task.mutable_idle();
    record.set_milli_cpus(idle.milli_cpus.units());
    record.set_memory(idle.memory.units());
    for (const core::DevicePart& part : idle.devices) {
        storage::DevicePart& written = *record.add_devices();
        written.set_accelerator(part.accelerator);
        written.set_device(part.device);
        written.set_milli(part.milli);
        written.set_slices(part.slices);
    }
}

core::KeptIdle read_idle(const storage::KeptIdle& record, StoredReader& reader) {
    core::KeptIdle idle{.milli_cpus = reader.amount(record.milli_cpus()),
                        .memory = reader.amount(record.memory()),
                        .devices = {}};
    for (const storage::DevicePart& part : record.devices()) {
        idle.devices.push_back({.accelerator = part.accelerator(),
                                .device = part.device(),
                                .milli = part.milli(),
                                .slices = static_cast<core::Slices>(part.slices())});
    }
    return idle;
}

}  // namespace

void write_tasks(const std::vector<core::PlacedTask>& tasks, StoredTasks& records) {
    records.Reserve(static_cast<int>(tasks.size()));
    for (const core::PlacedTask& task : tasks) {
        storage::PlacedTask& record = *records.Add();
        record.set_group(task.group);
        record.set_node(task.node.value);
        record.set_accelerator(task.accelerator);
        record.mutable_devices()->Add(task.devices.begin(), task.devices.end());
        record.set_milli_per_device(task.milli_per_device);
        record.set_slices(task.slices);
        write_task_state(task.state, *record.mutable_state());
        if (task.leaving) {
            record.set_leaving(to_milliseconds(*task.leaving));
        }
        write_idle(task.idle, record);
    }
}

std::vector<core::PlacedTask> read_tasks(const StoredTasks& records, StoredReader& reader) {
    std::vector<core::PlacedTask> tasks;
    tasks.reserve(static_cast<std::size_t>(records.size()));
    for (const storage::PlacedTask& record : records) {
        tasks.push_back({.group = record.group(),
                         .node = {record.node()},
                         .accelerator = record.accelerator(),
                         .devices = {record.devices().begin(), record.devices().end()},
                         .milli_per_device = record.milli_per_device(),
                         .slices = static_cast<core::Slices>(record.slices()),
                         .state = read_task_state(record.state(), reader),
                         .idle = read_idle(record.idle(), reader)});
        if (record.has_leaving()) {
            tasks.back().leaving = from_milliseconds(record.leaving());
        }
    }
    return tasks;
}

}  // namespace gusu::wire
