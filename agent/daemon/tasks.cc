#include "agent/daemon/tasks.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <utility>

#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

constexpr auto kLookForStart = std::chrono::milliseconds(100);
constexpr auto kTryAgain = std::chrono::seconds(1);
// A task may say that its work is saved as often as it likes.
constexpr auto kTellSavesEvery = std::chrono::seconds(1);
constexpr Duration kNoGrace{0};
// To save what is not on the card.
constexpr Duration kMostDeviceGrace{30'000};

// After its grace a task is killed, and nothing of it should be left at once.
constexpr Duration kStuckAfter{120'000};

constexpr const char* kVanished = "the supervisor vanished";
constexpr const char* kNeverStarted = "the agent stopped before the program was started";
constexpr const char* kStoppedBefore = "stopped before it was started";

Duration to_duration(const google::protobuf::Duration& duration) {
    return Duration(google::protobuf::util::TimeUtil::DurationToMilliseconds(duration));
}

v1::Launch without_bulk(v1::Launch launch) {
    launch.clear_script();
    launch.clear_env();
    return launch;
}

StopRequest request_of(const v1::StopOrder& order) {
    return {.signal = order.signal().empty() ? "TERM" : order.signal(),
            .grace = to_duration(order.grace()),
            .why = order.why()};
}

LogName log_of(const Task& task) {
    return {
        .job_id = task.launch.job_id(), .attempt = task.launch.attempt(), .task = task.key.task};
}

}  // namespace

Tasks::Tasks(TaskHost& host, Timers& timers, TaskJournal& journal)
    : host_(host), timers_(timers), journal_(journal) {
    host_.watch_for(*this);
}

KnownPhases Tasks::phases() const {
    KnownPhases phases;
    for (const auto& [key, live] : tasks_) {
        phases.emplace_hint(phases.end(), key, live.task.phase);
    }
    return phases;
}

Status Tasks::obey(const v1::Desired& desired) {
    const bool says_nothing = !desired.full() && desired.tasks().empty() &&
                              desired.removed().empty() && desired.epoch() == highest_epoch();
    if (says_nothing) {
        return Done{};
    }
    const auto actions = reconcile(phases(), desired, highest_epoch());
    if (!actions) {
        spdlog::warn("order of an earlier leader ignored epoch={} highest={}", desired.epoch(),
                     highest_epoch());
        return Done{};
    }
    std::vector<Task> new_tasks;
    if (const Status journaled = journal(desired, *actions, new_tasks); !journaled) {
        return journaled;
    }
    act(*actions, std::move(new_tasks));
    return Done{};
}

// All starts of one message wait for the disk together.
Status Tasks::journal(const v1::Desired& desired, const Actions& actions,
                      std::vector<Task>& new_tasks) {
    for (const v1::DesiredTask* start : actions.start) {
        new_tasks.push_back({.key = from_proto(start->key()),
                             .launch = without_bulk(start->run()),
                             .phase = TaskPhase::Starting,
                             .exit = {}});
    }
    for (const TaskKey& key : actions.never_start) {
        new_tasks.push_back({.key = key, .launch = {}, .phase = TaskPhase::Exited, .exit = {}});
        new_tasks.back().exit.launch_error = kStoppedBefore;
    }
    TaskJournal::Changes changes;
    for (const Task& task : new_tasks) {
        changes.put.push_back(&task);
    }
    if (desired.epoch() != highest_epoch()) {
        changes.highest_epoch = desired.epoch();
    }
    if (changes.put.empty() && !changes.highest_epoch) {
        return Done{};
    }
    return journal_.commit(changes, TaskJournal::Durability::Machine);
}

void Tasks::act(const Actions& actions, std::vector<Task> new_tasks) {
    for (Task& task : new_tasks) {
        const TaskKey key = task.key;
        news_.insert(key);
        tasks_[key].task = std::move(task);
    }
    for (const v1::DesiredTask* desired : actions.start) {
        tasks_.at(from_proto(desired->key())).waits = desired->run();
    }
    start_who_waited();
    for (const StopTask& wanted : actions.stop) {
        Live& live = tasks_.at(wanted.key);
        if (!live.stop) {
            spdlog::info("stopping task={} job={} why={}", to_text(wanted.key),
                         live.task.launch.job_id_text(), wanted.order.why());
        }
        stop(live, request_of(wanted.order));
    }
    for (const TaskKey& key : actions.kill) {
        kill(tasks_.at(key));
    }
    to_forget_.insert(to_forget_.end(), actions.forget.begin(), actions.forget.end());
}

void Tasks::start(Live& live, const v1::Launch& launch) {
    const Status started = host_.start(live.task.key, launch);
    if (started) {
        live.supervised = true;
    } else {
        set_exited(live, {.launch_error = started.error().message});
    }
}

void Tasks::start_who_waited() {
    for (auto& [key, live] : tasks_) {
        if (live.waits && device_holders_.have_room(live.task)) {
            const v1::Launch launch = *std::exchange(live.waits, std::nullopt);
            device_holders_.take(live.task);
            start(live, launch);
        }
    }
}

void Tasks::stop(Live& live, const StopRequest& request) {
    if (live.waits) {
        live.waits.reset();
        set_exited(live, {.launch_error = kStoppedBefore});
        return;
    }
    if (!live.supervised || live.stop == request) {
        return;
    }
    const Status stopped = host_.stop(live.task.key, request);
    if (stopped) {
        live.stop = request;
        timers_.after(request.grace + kStuckAfter,
                      [this, key = live.task.key] { look_whether_stuck(key); });
    } else {
        spdlog::error("task cannot be stopped task={} reason={}", to_text(live.task.key),
                      stopped.error().message);
    }
}

// The node is to take no more work before somebody has looked at it.
void Tasks::look_whether_stuck(const TaskKey& key) {
    const auto found = tasks_.find(key);
    if (found == tasks_.end() || found->second.task.phase == TaskPhase::Exited ||
        !found->second.task.stuck.empty()) {
        return;
    }
    Task& task = found->second.task;
    task.stuck = "task " + std::to_string(key.task) + " of job " + task.launch.job_id_text() +
                 " lives on two minutes after it was killed, and holds its devices; a process in "
                 "state D cannot be killed, and often only a restart of the node helps";
    spdlog::error("task cannot be killed task={} job={}", to_text(key), task.launch.job_id_text());
    news_.insert(key);
}

void Tasks::kill(Live& live) {
    live.forget_at_end = true;
    stop(live, {.signal = "KILL", .grace = kNoGrace});
}

void Tasks::stop_all(Duration most) {
    for (auto& [key, live] : tasks_) {
        if (live.task.phase == TaskPhase::Exited || live.stop) {
            continue;
        }
        stop_by_own_rules(live, most, "LEASE_OVER");
    }
}

void Tasks::stop_by_own_rules(Live& live, Duration most, const std::string& why) {
    const v1::Launch& launch = live.task.launch;
    const Duration own =
        launch.has_stop_grace() ? to_duration(launch.stop_grace()) : Duration(30'000);
    stop(live, {.signal = launch.stop_signal().empty() ? "TERM" : launch.stop_signal(),
                .grace = std::min(most, own),
                .why = why});
}

void Tasks::started(const TaskKey& key) {
    const auto found = tasks_.find(key);
    if (found != tasks_.end() && found->second.task.phase == TaskPhase::Starting) {
        set_running(found->second);
    }
}

// What an adopted supervisor tells by a file.
void Tasks::look_for_start(const TaskKey& key) {
    const auto found = tasks_.find(key);
    if (found == tasks_.end() || found->second.task.phase != TaskPhase::Starting) {
        return;
    }
    if (host_.has_started(key)) {
        set_running(found->second);
    } else {
        timers_.after(kLookForStart, [this, key] { look_for_start(key); });
    }
}

void Tasks::waits_for(const TaskKey& key, const std::string& what) {
    const auto found = tasks_.find(key);
    if (found == tasks_.end() || found->second.task.phase != TaskPhase::Starting ||
        found->second.task.waits_for == what) {
        return;
    }
    found->second.task.waits_for = what;
    news_.insert(key);
}

void Tasks::over(const TaskKey& key) {
    const auto found = tasks_.find(key);
    if (found == tasks_.end()) {
        return;
    }
    if (std::exchange(found->second.supervised, false)) {
        take_saves(found->second);
    }
    look_for_end(key, kVanished);
}

// Until nothing of it is left: its devices are not free before.
void Tasks::look_for_end(const TaskKey& key, const std::string& otherwise) {
    const auto found = tasks_.find(key);
    if (found == tasks_.end() || found->second.task.phase == TaskPhase::Exited) {
        return;
    }
    Live& live = found->second;
    const auto exit = host_.exit_of(key, otherwise);
    if (exit) {
        set_exited(live, *exit);
    } else {
        timers_.after(kTryAgain, [this, key, otherwise] { look_for_end(key, otherwise); });
    }
}

// The scheduler hears of it at once when the task is being stopped, and else now and then.
void Tasks::saved(const TaskKey& key) {
    const auto found = tasks_.find(key);
    if (found == tasks_.end() || (found->second.look_is_due && !found->second.stop)) {
        return;
    }
    if (take_saves(found->second) && !std::exchange(found->second.look_is_due, true)) {
        timers_.after(kTellSavesEvery, [this, key] {
            if (const auto again = tasks_.find(key); again != tasks_.end()) {
                again->second.look_is_due = false;
                saved(key);
            }
        });
    }
}

// True if there is news.
bool Tasks::take_saves(Live& live) {
    const auto saves = host_.saves(live.task.key);
    if (!saves) {
        spdlog::warn("saved work is not known task={} reason={}", to_text(live.task.key),
                     saves.error().message);
        return false;
    }
    if (!*saves || **saves == live.task.saves) {
        return false;
    }
    live.task.saves = **saves;
    news_.insert(live.task.key);
    return true;
}

void Tasks::set_running(Live& live) {
    live.task.phase = TaskPhase::Running;
    live.task.waits_for.clear();
    news_.insert(live.task.key);
}

void Tasks::set_exited(Live& live, const ExitRecord& exit) {
    if (!exit.launch_error.empty()) {
        spdlog::warn("task not run task={} job={} reason={}", to_text(live.task.key),
                     live.task.launch.job_id_text(), exit.launch_error);
    }
    device_holders_.leave(live.task.key);
    live.task.phase = TaskPhase::Exited;
    live.task.exit = exit;
    const bool failed = exit.exit_code != 0 || exit.signal != 0 || !exit.launch_error.empty();
    if (failed && exit.device_fault.empty()) {
        live.task.exit.device_fault = live.device_fault;
    }
    news_.insert(live.task.key);
    unwritten_.insert(live.task.key);
    if (live.forget_at_end) {
        to_forget_.push_back(live.task.key);
    }
    room_came_ = true;
}

// The journal of ends does not wait for the disk, and the news do not wait for the journal:
// exit.json is there for an agent that starts again.
void Tasks::round_over() {
    if (std::exchange(room_came_, false)) {
        start_who_waited();
    }
    if ((unwritten_.empty() && to_forget_.empty()) || retry_is_due_) {
        return;
    }
    TaskJournal::Changes changes;
    for (const TaskKey& key : unwritten_) {
        changes.put.push_back(&tasks_.at(key).task);
    }
    changes.forget = to_forget_;
    const Status written = journal_.commit(changes, TaskJournal::Durability::Agent);
    if (!written) {
        spdlog::error("ends of tasks are not journaled, trying again reason={}",
                      written.error().message);
        retry_is_due_ = true;
        timers_.after(kTryAgain, [this] { retry_is_due_ = false; });
        return;
    }
    unwritten_.clear();
    forget(std::exchange(to_forget_, {}));
}

void Tasks::forget(const std::vector<TaskKey>& keys) {
    for (const TaskKey& key : keys) {
        if (tasks_.erase(key) > 0) {
            news_.erase(key);
            host_.remove_files(key);
        }
    }
}

std::vector<v1::TaskObservation> Tasks::tell_all() {
    news_.clear();
    std::vector<v1::TaskObservation> told;
    for (const auto& [key, live] : tasks_) {
        told.push_back(to_observation(live.task, timers_.since_boot()));
    }
    return told;
}

std::vector<v1::TaskObservation> Tasks::tell_news() {
    std::vector<v1::TaskObservation> told;
    for (const TaskKey& key : std::exchange(news_, {})) {
        told.push_back(to_observation(tasks_.at(key).task, timers_.since_boot()));
    }
    return told;
}

// Tasks that came meanwhile start when the round is over.
void Tasks::give_back_device(int index) {
    device_holders_.give_back(index);
    room_came_ = true;
}

// What runs on a lost card may hang for ever, and its other devices with it.
void Tasks::device_failed(int index, DeviceFailure how, const std::string& why) {
    for (auto& [key, live] : tasks_) {
        const auto& held = live.task.launch.devices();
        if (live.task.phase == TaskPhase::Exited || live.waits ||
            std::ranges::find(held, index) == held.end()) {
            continue;
        }
        if (live.device_fault.empty() || how == DeviceFailure::Lost) {
            live.device_fault = "device " + std::to_string(index) + ": " + why;
        }
        if (how == DeviceFailure::Lost && !live.stop) {
            spdlog::error("stopping task={} job={} reason=\"{}\"", to_text(key),
                          live.task.launch.job_id_text(), live.device_fault);
            stop_by_own_rules(live, kMostDeviceGrace, "DEVICE_LOST");
        }
    }
}

Tasks::LogState Tasks::log_state(const LogName& name) const {
    for (const auto& [key, live] : tasks_) {
        if (log_of(live.task) == name) {
            return live.task.phase == TaskPhase::Exited ? LogState::Whole : LogState::Growing;
        }
    }
    return host_.has_log(name) ? LogState::Whole : LogState::Unknown;
}

KeptFiles Tasks::kept_files() const {
    KeptFiles kept;
    for (const auto& [key, live] : tasks_) {
        kept.tasks.insert(to_text(key));
        kept.logs.insert(log_of(live.task));
    }
    return kept;
}

Status Tasks::adopt() {
    auto journaled = journal_.tasks();
    if (!journaled) {
        return journaled.error();
    }
    host_.find_supervisors();
    for (Task& task : *journaled) {
        adopt_task(std::move(task));
    }
    host_.remove_strays(kept_files().tasks);
    round_over();
    return Done{};
}

void Tasks::adopt_task(Task task) {
    const TaskKey key = task.key;
    Live& live = tasks_[key];
    live.task = std::move(task);
    take_saves(live);
    if (live.task.phase == TaskPhase::Exited) {
        return;
    }
    live.supervised = host_.take_over(key);
    device_holders_.take(live.task);
    const bool ran = host_.has_started(key);
    if (!live.supervised) {
        look_for_end(key, ran ? kVanished : kNeverStarted);
        return;
    }
    if (ran) {
        set_running(live);
    } else {
        look_for_start(key);
    }
    spdlog::info("adopted task={} job={}", to_text(key), live.task.launch.job_id_text());
}

}  // namespace gusu::agent
