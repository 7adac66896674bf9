#include "agent/daemon/tasks.h"

#include <google/protobuf/util/time_util.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string_view>
#include <utility>

#include "agent/cgroup/cgroup.h"
#include "agent/daemon/task_files.h"
#include "agent/supervisor/boot_clock.h"
#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

constexpr auto kLookForStart = std::chrono::milliseconds(100);
constexpr auto kTryAgain = std::chrono::seconds(1);
// A task may say that its work is saved as often as it likes.
constexpr auto kTellSavesEvery = std::chrono::seconds(1);
// A group whose supervisor is dead is killed while the loop waits.
constexpr Duration kGroupPatience{1'000};
constexpr Duration kNoGrace{0};

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

Tasks::Tasks(const NodeSettings& settings, EventLoop& loop, TaskStore& store)
    : settings_(settings),
      loop_(loop),
      store_(store),
      saves_(loop, [this](const TaskKey& key) { saved(key); }) {
    loop_.each_round([this] { round_over(); });
}

Tasks::~Tasks() {
    for (const auto& [key, live] : tasks_) {
        loop_.unwatch(live.process.get());
        loop_.unwatch(live.started.get());
    }
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
    TaskStore::Changes changes;
    for (const Task& task : new_tasks) {
        changes.put.push_back(&task);
    }
    if (desired.epoch() != highest_epoch()) {
        changes.highest_epoch = desired.epoch();
    }
    if (changes.put.empty() && !changes.highest_epoch) {
        return Done{};
    }
    return store_.commit(changes, TaskStore::Durability::Machine);
}

void Tasks::act(const Actions& actions, std::vector<Task> new_tasks) {
    for (Task& task : new_tasks) {
        const TaskKey key = task.key;
        news_.insert(key);
        if (task.phase != TaskPhase::Exited) {
            device_holders_.take(task);
        }
        tasks_[key].task = std::move(task);
    }
    for (const v1::DesiredTask* desired : actions.start) {
        start(*desired);
    }
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

void Tasks::start(const v1::DesiredTask& desired) {
    const TaskKey key = from_proto(desired.key());
    Live& live = tasks_.at(key);
    const Status prepared = prepare_task(settings_, key, desired.run());
    if (!prepared) {
        set_exited(live, {.launch_error = prepared.error().message});
        return;
    }
    saves_.add(key, settings_.task(key));
    auto started = start_supervisor(settings_.supervisor, settings_.task(key));
    if (!started) {
        set_exited(live, {.launch_error = started.error().message});
        return;
    }
    live.process = std::move(started->process);
    live.started = std::move(started->started);
    watch_process(key, live);
    watch_start(key, live);
}

void Tasks::stop(Live& live, const StopRequest& request) {
    if (!live.process.open() || live.stop == request) {
        return;
    }
    const Status stopped = stop_supervisor(live.process, settings_.task(live.task.key), request);
    if (stopped) {
        live.stop = request;
    } else {
        spdlog::error("task cannot be stopped task={} reason={}", to_text(live.task.key),
                      stopped.error().message);
    }
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
        const v1::Launch& launch = live.task.launch;
        const Duration own =
            launch.has_stop_grace() ? to_duration(launch.stop_grace()) : Duration(30'000);
        stop(live, {.signal = launch.stop_signal().empty() ? "TERM" : launch.stop_signal(),
                    .grace = std::min(most, own),
                    .why = "LEASE_OVER"});
    }
}

void Tasks::watch_process(const TaskKey& key, Live& live) {
    loop_.watch(live.process.get(), [this, key] { process_over(key); });
}

void Tasks::watch_start(const TaskKey& key, Live& live) {
    loop_.watch(live.started.get(), [this, key] { start_may_be_told(key); });
}

void Tasks::start_may_be_told(const TaskKey& key) {
    Live& live = tasks_.at(key);
    char word[16];
    const ssize_t got = ::read(live.started.get(), word, sizeof word);
    if (got < 0) {
        return;
    }
    if (got > 0 && live.task.phase == TaskPhase::Starting) {
        set_running(live);
    }
    loop_.unwatch(live.started.get());
    live.started = Descriptor();
}

// What an adopted supervisor tells by a file.
void Tasks::look_for_start(const TaskKey& key) {
    const auto found = tasks_.find(key);
    if (found == tasks_.end() || found->second.task.phase != TaskPhase::Starting) {
        return;
    }
    std::error_code failure;
    if (fs::exists(settings_.task(key) / "started", failure)) {
        set_running(found->second);
    } else {
        loop_.after(kLookForStart, [this, key] { look_for_start(key); });
    }
}

void Tasks::process_over(const TaskKey& key) {
    Live& live = tasks_.at(key);
    if (!is_over(live.process)) {
        return;
    }
    reap(live.process);
    loop_.unwatch(live.process.get());
    live.process = Descriptor();
    if (live.started.open()) {
        loop_.unwatch(live.started.get());
        live.started = Descriptor();
    }
    take_saves(live);
    set_exited(live, exit_of(key, kVanished));
    if (live.forget_at_end) {
        to_forget_.push_back(key);
    }
}

// The scheduler hears of it at once when the task is being stopped, and else now and then.
void Tasks::saved(const TaskKey& key) {
    const auto found = tasks_.find(key);
    if (found == tasks_.end() || (found->second.look_is_due && !found->second.stop)) {
        return;
    }
    if (take_saves(found->second) && !std::exchange(found->second.look_is_due, true)) {
        loop_.after(kTellSavesEvery, [this, key] {
            if (const auto again = tasks_.find(key); again != tasks_.end()) {
                again->second.look_is_due = false;
                saved(key);
            }
        });
    }
}

// True if there is news.
bool Tasks::take_saves(Live& live) {
    const auto saves = read_saves(settings_.task(live.task.key));
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

// A supervisor that left no exit record was killed, and its program may still run.
ExitRecord Tasks::exit_of(const TaskKey& key, const std::string& otherwise) {
    auto exit = read_exit(settings_.task(key));
    if (exit && *exit) {
        return **exit;
    }
    const std::string group = settings_.cgroup(key);
    if (!group.empty()) {
        const Status removed = remove_cgroups_below(settings_.cgroups, group, kGroupPatience);
        if (!removed) {
            spdlog::error("processes of a task cannot be ended task={} reason={}", to_text(key),
                          removed.error().message);
        }
    }
    return {.launch_error = exit ? otherwise : exit.error().message};
}

void Tasks::set_running(Live& live) {
    live.task.phase = TaskPhase::Running;
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
    news_.insert(live.task.key);
    unwritten_.insert(live.task.key);
}

// The journal of ends does not wait for the disk, and the news do not wait for the journal:
// exit.json is there for an agent that starts again.
void Tasks::round_over() {
    if ((unwritten_.empty() && to_forget_.empty()) || retry_is_due_) {
        return;
    }
    TaskStore::Changes changes;
    for (const TaskKey& key : unwritten_) {
        changes.put.push_back(&tasks_.at(key).task);
    }
    changes.forget = to_forget_;
    const Status written = store_.commit(changes, TaskStore::Durability::Agent);
    if (!written) {
        spdlog::error("ends of tasks are not journaled, trying again reason={}",
                      written.error().message);
        retry_is_due_ = true;
        loop_.after(kTryAgain, [this] { retry_is_due_ = false; });
        return;
    }
    unwritten_.clear();
    forget(std::exchange(to_forget_, {}));
}

void Tasks::forget(const std::vector<TaskKey>& keys) {
    for (const TaskKey& key : keys) {
        if (tasks_.erase(key) > 0) {
            news_.erase(key);
            remove_files(key);
        }
    }
}

// The scratch stays until the cleaner finds it old; its age counts from now.
void Tasks::remove_files(const TaskKey& key) {
    remove_folder(settings_.task(key));
    const fs::path scratch = settings_.scratch(key);
    std::error_code failure;
    if (fs::exists(scratch, failure)) {
        fs::last_write_time(scratch, fs::file_time_type::clock::now(), failure);
    }
}

std::vector<v1::TaskObservation> Tasks::tell_all() {
    news_.clear();
    std::vector<v1::TaskObservation> told;
    for (const auto& [key, live] : tasks_) {
        told.push_back(to_observation(live.task, since_boot()));
    }
    return told;
}

std::vector<v1::TaskObservation> Tasks::tell_news() {
    std::vector<v1::TaskObservation> told;
    for (const TaskKey& key : std::exchange(news_, {})) {
        told.push_back(to_observation(tasks_.at(key).task, since_boot()));
    }
    return told;
}

Tasks::LogState Tasks::log_state(const LogName& name) const {
    for (const auto& [key, live] : tasks_) {
        if (log_of(live.task) == name) {
            return live.task.phase == TaskPhase::Exited ? LogState::Whole : LogState::Growing;
        }
    }
    std::error_code failure;
    const fs::path log = log_file(settings_.logs(), name, v1::LOG_STREAM_OUTPUT);
    return fs::exists(log, failure) ? LogState::Whole : LogState::Unknown;
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
    auto journaled = store_.tasks();
    if (!journaled) {
        return journaled.error();
    }
    auto supervisors = find_supervisors(settings_.tasks());
    for (Task& task : *journaled) {
        adopt_task(std::move(task), supervisors);
    }
    remove_strays(supervisors);
    round_over();
    return Done{};
}

void Tasks::adopt_task(Task task, std::map<std::string, Descriptor>& supervisors) {
    const TaskKey key = task.key;
    Live& live = tasks_[key];
    live.task = std::move(task);
    saves_.add(key, settings_.task(key));
    take_saves(live);
    if (live.task.phase == TaskPhase::Exited) {
        return;
    }
    device_holders_.take(live.task);
    const auto supervisor = supervisors.extract(to_text(key));
    std::error_code failure;
    const bool ran = fs::exists(settings_.task(key) / "started", failure);
    if (supervisor.empty()) {
        set_exited(live, exit_of(key, ran ? kVanished : kNeverStarted));
        return;
    }
    live.process = std::move(supervisor.mapped());
    watch_process(key, live);
    if (ran) {
        set_running(live);
    } else {
        look_for_start(key);
    }
    spdlog::info("adopted task={} job={}", to_text(key), live.task.launch.job_id_text());
}

// Supervisors, folders and groups of tasks that the journal does not know.
void Tasks::remove_strays(const std::map<std::string, Descriptor>& supervisors) {
    for (const auto& [name, process] : supervisors) {
        spdlog::warn("stray supervisor ended task={}", name);
        const Status stopped = stop_supervisor(process, settings_.tasks() / name,
                                               {.signal = "KILL", .grace = kNoGrace});
        if (!stopped) {
            spdlog::error("stray supervisor stays task={} reason={}", name,
                          stopped.error().message);
        }
    }
    const std::set<std::string> known = kept_files().tasks;
    const auto is_stray = [&](const std::string& name) {
        return !known.contains(name) && !supervisors.contains(name);
    };
    std::error_code failure;
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(settings_.tasks(), failure)) {
        if (is_stray(entry.path().filename().string())) {
            folders.push_back(entry.path());
        }
    }
    std::ranges::for_each(folders, remove_folder);
    for (const std::string& group : cgroups_below(settings_.cgroups, settings_.cgroup_prefix())) {
        if (is_stray(fs::path(group).filename().string())) {
            const Status removed = remove_cgroups_below(settings_.cgroups, group, kGroupPatience);
            spdlog::warn("stray group group={} removed={}", group, removed.ok());
        }
    }
}

}  // namespace gusu::agent
