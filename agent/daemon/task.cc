#include "agent/daemon/task.h"

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

}  // namespace

v1::TaskObservation to_observation(const Task& task) {
    v1::TaskObservation seen;
    seen.mutable_key()->set_incarnation(task.key.incarnation);
    seen.mutable_key()->set_task(task.key.task);
    seen.set_phase(to_proto(task.phase));
    if (task.phase != TaskPhase::Exited) {
        return seen;
    }
    seen.set_exit_code(task.exit.exit_code);
    seen.set_signal(task.exit.signal);
    seen.set_out_of_memory(task.exit.out_of_memory);
    seen.set_timed_out(task.exit.timed_out);
    seen.set_launch_error(task.exit.launch_error);
    const auto milliseconds = task.exit.ran_for.count();
    seen.mutable_ran_for()->set_seconds(milliseconds / 1000);
    seen.mutable_ran_for()->set_nanos(static_cast<std::int32_t>(milliseconds % 1000) * 1'000'000);
    return seen;
}

}  // namespace gusu::agent
