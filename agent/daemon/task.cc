#include "agent/daemon/task.h"

#include <algorithm>

namespace gusu::agent {
namespace {

v1::TaskPhase to_proto(TaskPhase phase) {
    switch (phase) {
        case TaskPhase::Starting:
            return v1::TASK_PHASE_STARTING;
        case TaskPhase::Running:
            return v1::TASK_PHASE_RUNNING;
        case TaskPhase::Exited:
            return v1::TASK_PHASE_EXITED;
    }
    check(false, "a task is in one of its phases");
    return v1::TASK_PHASE_UNSPECIFIED;
}

void set(google::protobuf::Duration& field, Duration value) {
    field.set_seconds(value.count() / 1000);
    field.set_nanos(static_cast<std::int32_t>(value.count() % 1000) * 1'000'000);
}

}  // namespace

v1::TaskObservation to_observation(const Task& task, Duration now) {
    v1::TaskObservation seen;
    seen.mutable_key()->set_incarnation(task.key.incarnation);
    seen.mutable_key()->set_task(task.key.task);
    seen.set_phase(to_proto(task.phase));
    if (task.saves.count > 0) {
        seen.set_checkpoints(task.saves.count);
        set(*seen.mutable_saved_ago(), std::max(now - task.saves.at, Duration{0}));
    }
    if (task.phase != TaskPhase::Exited) {
        seen.set_waits_for(task.waits_for);
        seen.set_drain(task.stuck);
        return seen;
    }
    seen.set_exit_code(task.exit.exit_code);
    seen.set_signal(task.exit.signal);
    seen.set_out_of_memory(task.exit.out_of_memory);
    seen.set_timed_out(task.exit.timed_out);
    seen.set_launch_error(task.exit.launch_error);
    seen.set_device_fault(task.exit.device_fault);
    seen.set_drain(task.exit.drain);
    set(*seen.mutable_ran_for(), task.exit.ran_for);
    return seen;
}

}  // namespace gusu::agent
