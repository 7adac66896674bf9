#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "scheduler/base/text.h"
#include "scheduler/wire/amounts.h"
#include "scheduler/wire/job_spec.h"
#include "scheduler/wire/show.h"

namespace gusu::wire {
namespace {

constexpr double kMilliGpuMsPerGpuHour = 1000.0 * 3'600'000.0;

v1::JobState state_of_ending(const core::Ending& ending) {
    switch (ending.reason) {
        case core::EndReason::Completed:
            return v1::JOB_STATE_SUCCEEDED;
        case core::EndReason::CancelledByUser:
        case core::EndReason::CancelledByAdmin:
            return v1::JOB_STATE_CANCELLED;
        default:
            return v1::JOB_STATE_FAILED;
    }
}

bool is_unreachable(const core::State& state, const core::PlacedTask& task) {
    const core::Node* node = state.node(task.node);
    return !std::holds_alternative<core::TaskEnded>(task.state) && node != nullptr &&
           std::holds_alternative<core::Unreachable>(node->contact);
}

v1::JobState state_of_task(const core::State& state, const core::PlacedTask& task) {
    if (const auto* ended = std::get_if<core::TaskEnded>(&task.state)) {
        return state_of_ending(ended->ending);
    }
    if (is_unreachable(state, task)) {
        return v1::JOB_STATE_UNREACHABLE;
    }
    if (task.leaving) {
        return v1::JOB_STATE_STOPPING;
    }
    return std::holds_alternative<core::TaskRunning>(task.state) ? v1::JOB_STATE_RUNNING
                                                                 : v1::JOB_STATE_STARTING;
}

// A node that came back with other devices than the task had says nothing of them.
const core::DeviceDescription* device_at(const core::Node* node, int position) {
    const auto index = static_cast<std::size_t>(position);
    return node == nullptr || index >= node->description.devices.size()
               ? nullptr
               : &node->description.devices[index];
}

void show_task(const core::State& state, const core::PlacedTask& task, v1::TaskPlacement& shown) {
    const core::Node* node = state.node(task.node);
    shown.set_node(node == nullptr ? "" : node->description.name);
    shown.set_accelerator(task.accelerator);
    for (const int position : task.devices) {
        const core::DeviceDescription* device = device_at(node, position);
        shown.add_devices(device == nullptr ? position : device->index);
        shown.set_simulated(device != nullptr && device->reality == core::Reality::Simulated);
    }
    shown.set_gpus(
        from_milli(static_cast<std::int64_t>(task.devices.size()) * task.milli_per_device));
    for (int slice = 0; slice < core::kMostSlices; ++slice) {
        if ((task.slices >> slice & 1) != 0) {
            shown.add_slices(slice);
        }
    }
    shown.set_state(state_of_task(state, task));
    if (const auto* ended = std::get_if<core::TaskEnded>(&task.state)) {
        shown.set_exit_code(ended->ending.exit_code);
        shown.set_signal(ended->ending.signal);
    }
}

// Of the present placement, else of the last.
const std::vector<core::PlacedTask>* newest_tasks(const core::Job& job) {
    if (const auto* placed = std::get_if<core::Placed>(&job.state)) {
        return &placed->tasks;
    }
    return job.past.empty() ? nullptr : &job.past.back().tasks;
}

void show_placements(const core::State& state, const core::Job& job, v1::Job& shown) {
    const std::vector<core::PlacedTask>* tasks = newest_tasks(job);
    if (tasks == nullptr) {
        return;
    }
    std::set<NodeId> nodes;
    for (std::size_t rank = 0; rank < tasks->size(); ++rank) {
        const core::PlacedTask& task = (*tasks)[rank];
        v1::TaskPlacement& placement = *shown.add_placements();
        placement.set_task(static_cast<int>(rank));
        placement.set_group(job.demand().groups[static_cast<std::size_t>(task.group)].name);
        show_task(state, task, placement);
        if (!task.left()) {
            nodes.insert(task.node);
        }
    }
    shown.set_nodes(static_cast<int>(nodes.size()));
}

double gpu_hours(const core::Job& job, Time now) {
    double held = static_cast<double>(job.milli_gpu_ms);
    if (const auto* placed = std::get_if<core::Placed>(&job.state)) {
        held += static_cast<double>(core::milli_gpu_ms(placed->tasks, placed->since, now));
    }
    return held / kMilliGpuMsPerGpuHour;
}

std::string names_of_nodes(const core::State& state, const std::vector<core::PlacedTask>& tasks) {
    constexpr std::size_t kNodesNamed = 16;
    std::set<NodeId> seen;
    std::string names;
    for (const core::PlacedTask& task : tasks) {
        const core::Node* node = state.node(task.node);
        if (!seen.insert(task.node).second || seen.size() > kNodesNamed) {
            continue;
        }
        names += (names.empty() ? "" : ", ") + (node == nullptr ? "?" : node->description.name);
    }
    const std::size_t unnamed = seen.size() - std::min(seen.size(), kNodesNamed);
    return unnamed == 0 ? names : names + " and " + std::to_string(unnamed) + " more";
}

std::string ending_text(const core::Ending& ending) {
    std::string text = short_name(shown_reason(ending.reason));
    if (ending.signal != 0) {
        text += ", signal " + std::to_string(ending.signal);
    } else if (ending.exit_code != 0) {
        text += ", exit code " + std::to_string(ending.exit_code);
    }
    return ending.detail.empty() ? text : text + ": " + ending.detail;
}

void add_line(v1::Job& shown, Time time, std::string what) {
    v1::JobEvent& event = *shown.add_events();
    *event.mutable_time() = from_time(time);
    event.set_what(std::move(what));
}

// What an attempt tells of itself, whether or not it is over.
struct Attempt {
    Time placed;
    std::optional<Time> running_since;
    std::optional<Time> checkpointed;
    Boxed<core::Stopping> stopping;
    const std::vector<core::PlacedTask>& tasks;
};

std::string shrunk_text(std::ptrdiff_t fewer, std::ptrdiff_t left) {
    return std::to_string(fewer) + (fewer == 1 ? " task" : " tasks") +
           " told to stop for another job, goes on with " + std::to_string(left);
}

void show_attempt(const core::State& state, const Attempt& attempt, v1::Job& shown) {
    add_line(shown, attempt.placed, "placed on " + names_of_nodes(state, attempt.tasks));
    std::map<Time, std::vector<std::string>> lines;
    if (attempt.running_since) {
        lines[*attempt.running_since].push_back("all tasks running");
    }
    std::map<Time, std::ptrdiff_t> leaving;
    for (const core::PlacedTask& task : attempt.tasks) {
        if (task.leaving) {
            ++leaving[*task.leaving];
        }
    }
    auto left = std::ssize(attempt.tasks);
    for (const auto& [time, fewer] : leaving) {
        left -= fewer;
        lines[time].push_back(shrunk_text(fewer, left));
    }
    if (attempt.stopping) {
        lines[attempt.stopping->since].push_back("asked to stop: " +
                                                 ending_text(attempt.stopping->because));
    }
    if (attempt.checkpointed) {
        lines[*attempt.checkpointed].push_back("its work is saved");
    }
    for (const auto& [time, texts] : lines) {
        for (const std::string& text : texts) {
            add_line(shown, time, text);
        }
    }
}

std::string lost_text(const core::PastAttempt& attempt) {
    if (attempt.ending.reason != core::EndReason::Preempted) {
        return "";
    }
    return "; lost " + format_milli(attempt.unsaved_milli_gpu_ms() / 1000) + " GPU-seconds since " +
           (attempt.checkpointed ? "its work was saved" : "it was placed");
}

void show_past(const core::State& state, const core::Job& job, v1::Job& shown) {
    for (const core::PastAttempt& past : job.past) {
        show_attempt(state,
                     {.placed = past.placed,
                      .running_since = past.running_since,
                      .checkpointed = past.checkpointed,
                      .stopping = {},
                      .tasks = past.tasks},
                     shown);
        add_line(shown, past.ended, "attempt ended: " + ending_text(past.ending) + lost_text(past));
    }
}

void show_life(const core::State& state, const core::Job& job, v1::Job& shown) {
    add_line(shown, job.submitted, "submitted by " + job.spec->user);
    show_past(state, job, shown);
    if (const auto* waiting = std::get_if<core::Waiting>(&job.state)) {
        if (waiting->since > job.submitted) {
            add_line(shown, waiting->since,
                     "waiting again, attempt " + std::to_string(job.attempt));
        }
    } else if (const auto* placed = std::get_if<core::Placed>(&job.state)) {
        show_attempt(state,
                     {.placed = placed->since,
                      .running_since = placed->running_since,
                      .checkpointed = placed->checkpointed,
                      .stopping = placed->stopping,
                      .tasks = placed->tasks},
                     shown);
    } else {
        const auto& finished = std::get<core::Finished>(job.state);
        add_line(
            shown, finished.at,
            short_name(state_of_ending(finished.ending)) + ": " + ending_text(finished.ending));
    }
}

void show_times(const core::Job& job, v1::Job& shown) {
    *shown.mutable_submitted_at() = from_time(job.submitted);
    if (!job.past.empty()) {
        shown.set_incarnation(job.past.back().incarnation.value);
    }
    if (const auto* placed = std::get_if<core::Placed>(&job.state)) {
        shown.set_incarnation(placed->incarnation.value);
        if (placed->running_since) {
            *shown.mutable_started_at() = from_time(*placed->running_since);
        }
        if (placed->checkpointed) {
            *shown.mutable_checkpointed_at() = from_time(*placed->checkpointed);
        }
    } else if (const auto* finished = std::get_if<core::Finished>(&job.state)) {
        *shown.mutable_ended_at() = from_time(finished->at);
        if (!job.past.empty() && job.past.back().running_since) {
            *shown.mutable_started_at() = from_time(*job.past.back().running_since);
        }
    }
}

// A running job that is elastic may hold less than it asked for.
std::int64_t milli_gpus_shown(const core::Job& job) {
    const auto* placed = std::get_if<core::Placed>(&job.state);
    if (placed == nullptr) {
        return job.demand().total().milli_gpus.units();
    }
    const auto held = core::gpus_held(placed->tasks);
    const auto gpus = held.find(core::kAnyAccelerator);
    return gpus == held.end() ? 0 : gpus->second.units();
}

v1::JobSpec shown_spec(const core::State& state, const core::Job& job, Detail detail) {
    v1::JobSpec spec = to_proto_spec(state, job);
    if (detail == Detail::Brief) {
        spec.clear_command();
        spec.clear_script();
        spec.clear_env();
        for (v1::TaskGroup& group : *spec.mutable_groups()) {
            group.clear_command();
        }
    }
    return spec;
}

}  // namespace

v1::JobState shown_state(const core::State& state, const core::Job& job) {
    if (job.is_waiting()) {
        return v1::JOB_STATE_PENDING;
    }
    if (const auto* finished = std::get_if<core::Finished>(&job.state)) {
        return state_of_ending(finished->ending);
    }
    const auto& placed = std::get<core::Placed>(job.state);
    if (placed.stopping) {
        return v1::JOB_STATE_STOPPING;
    }
    if (std::ranges::any_of(placed.tasks,
                            [&](const auto& task) { return is_unreachable(state, task); })) {
        return v1::JOB_STATE_UNREACHABLE;
    }
    return placed.running_since ? v1::JOB_STATE_RUNNING : v1::JOB_STATE_STARTING;
}

v1::EndReason shown_reason(core::EndReason reason) {
    switch (reason) {
        case core::EndReason::Completed:
            return v1::END_REASON_COMPLETED;
        case core::EndReason::ExitCode:
            return v1::END_REASON_EXIT_CODE;
        case core::EndReason::TimedOut:
            return v1::END_REASON_TIMED_OUT;
        case core::EndReason::NodeLost:
            return v1::END_REASON_NODE_LOST;
        case core::EndReason::OutOfMemory:
            return v1::END_REASON_OUT_OF_MEMORY;
        case core::EndReason::Preempted:
            return v1::END_REASON_PREEMPTED;
        case core::EndReason::DeviceFault:
            return v1::END_REASON_DEVICE_FAULT;
        case core::EndReason::LaunchFailed:
            return v1::END_REASON_LAUNCH_FAILED;
        case core::EndReason::DependencyFailed:
            return v1::END_REASON_DEPENDENCY_FAILED;
        case core::EndReason::CancelledByUser:
            return v1::END_REASON_CANCELLED_BY_USER;
        case core::EndReason::CancelledByAdmin:
            return v1::END_REASON_CANCELLED_BY_ADMIN;
        case core::EndReason::Deadline:
            return v1::END_REASON_DEADLINE;
    }
    return v1::END_REASON_UNSPECIFIED;
}

std::string short_name(v1::JobState state) {
    return v1::JobState_Name(state).substr(std::string_view("JOB_STATE_").size());
}

std::string short_name(v1::EndReason reason) {
    return v1::EndReason_Name(reason).substr(std::string_view("END_REASON_").size());
}

v1::Job to_proto(const core::State& state, const core::Job& job, const JobView& view) {
    v1::Job shown;
    shown.set_id(job_id_text(state, job));
    *shown.mutable_spec() = shown_spec(state, job, view.detail);
    shown.set_user(job.spec->user);
    shown.set_state(shown_state(state, job));
    if (job.is_waiting()) {
        shown.set_wait_reason(view.waits.reason);
        shown.set_wait_detail(view.waits.detail);
    }
    if (const auto* finished = std::get_if<core::Finished>(&job.state)) {
        shown.set_end_reason(shown_reason(finished->ending.reason));
        shown.set_end_detail(finished->ending.detail);
        shown.set_exit_code(finished->ending.exit_code);
        shown.set_signal(finished->ending.signal);
    }
    shown.set_attempt(job.attempt);
    show_times(job, shown);
    show_placements(state, job, shown);
    shown.set_gpu_hours(gpu_hours(job, view.now));
    shown.set_gpus(from_milli(milli_gpus_shown(job)));
    if (job.array) {
        shown.set_array_index(job.array->index);
        shown.set_array_id(std::to_string(job.array->array.value));
    }
    if (view.detail == Detail::Events) {
        show_life(state, job, shown);
    }
    return shown;
}

}  // namespace gusu::wire
