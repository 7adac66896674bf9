// A node without a scheduler, as a test drives it: orders go straight to the tasks, and the test
// turns the loop itself.
#pragma once

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/daemon/local_task_host.h"
#include "agent/daemon/task_files.h"
#include "agent/daemon/task_store.h"
#include "agent/daemon/tasks.h"

namespace gusu::agent {

inline constexpr auto kSoon = std::chrono::seconds(30);

class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "gusu-XXXXXX").string();
        check(::mkdtemp(name.data()) != nullptr, "a folder for the test can be made");
        path_ = std::filesystem::canonical(name);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { remove_folder(path_); }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

// Ends and comes back like the agent; its folder stays.
class TaskMachine {
public:
    explicit TaskMachine(const std::filesystem::path& state_dir) {
        settings_.node = "n1";
        settings_.state_dir = state_dir;
        settings_.supervisor = GUSU_SUPERVISOR;
        settings_.checkpoint_root = state_dir / "checkpoints";
        settings_.users.shared.name = "tester";
        settings_.log_limit = 1 << 20;
        check(make_node_folders(settings_).ok(), "the node's folders can be made");
    }
    ~TaskMachine() { end_what_runs(); }
    TaskMachine(const TaskMachine&) = delete;
    TaskMachine& operator=(const TaskMachine&) = delete;

    void start(const std::string& boot_id = "boot-1") {
        loop_ = std::move(*EventLoop::open());
        store_ = std::move(*TaskStore::open(settings_.state_dir / "tasks.sqlite", boot_id));
        site_ = std::make_unique<SitePrograms>(around, settings_, *loop_);
        host_ = std::make_unique<LocalTaskHost>(settings_, *loop_);
        host_->surround_by(*site_);
        tasks_ = std::make_unique<Tasks>(*host_, *loop_, *store_);
        loop_->each_round([this] { tasks_->round_over(); });
        check(tasks_->adopt().ok(), "what is there can be taken over");
    }
    void stop() {
        tasks_.reset();
        host_.reset();
        site_.reset();
        store_.reset();
        loop_.reset();
    }

    Tasks& tasks() { return *tasks_; }
    const SitePrograms& site() const { return *site_; }
    NodeSettings& settings() { return settings_; }

    // Turns the loop until the task is seen in this phase; otherwise what was seen last.
    v1::TaskObservation wait_for(const TaskKey& key, v1::TaskPhase phase) {
        return wait_until(key, [&](const auto& seen) { return seen.phase() == phase; });
    }
    v1::TaskObservation wait_until(
        const TaskKey& key, const std::function<bool(const v1::TaskObservation&)>& is_right) {
        const auto deadline = EventLoop::Clock::now() + kSoon;
        while (EventLoop::Clock::now() < deadline) {
            for (v1::TaskObservation& seen : tasks_->tell_news()) {
                seen_[from_proto(seen.key())] = std::move(seen);
            }
            if (is_right(seen_[key])) {
                break;
            }
            loop_->run_once(std::chrono::milliseconds(100));
        }
        return seen_[key];
    }
    void turn() { loop_->run_once(std::chrono::milliseconds(20)); }
    // Until nothing is known of any task.
    bool wait_until_empty() {
        const auto deadline = EventLoop::Clock::now() + kSoon;
        while (!tasks_->tell_all().empty() && EventLoop::Clock::now() < deadline) {
            loop_->run_once(std::chrono::milliseconds(100));
        }
        return tasks_->tell_all().empty();
    }

    std::string output(std::uint64_t job, int task = 0) {
        const auto file = log_file(settings_.logs(), {.job_id = job, .attempt = 1, .task = task},
                                   v1::LOG_STREAM_OUTPUT);
        const auto text = read_file(file);
        return text ? *text : text.error().message;
    }

    SiteProgramsWanted around;  // of the next start()

private:
    void end_what_runs() {
        for (const auto& [name, process] : find_supervisors(settings_.tasks())) {
            const Status told = stop_supervisor(process, settings_.tasks() / name,
                                                {.signal = "KILL", .grace = Duration{0}});
            check(told.ok() && wait_until_over(process, Duration{30'000}),
                  "a supervisor ends when it is told to");
        }
    }

    NodeSettings settings_;
    std::unique_ptr<EventLoop> loop_;
    std::unique_ptr<TaskStore> store_;
    std::unique_ptr<SitePrograms> site_;
    std::unique_ptr<LocalTaskHost> host_;
    std::unique_ptr<Tasks> tasks_;
    std::map<TaskKey, v1::TaskObservation> seen_;
};

inline void set_key(const TaskKey& key, v1::TaskKey& into) {
    into.set_incarnation(key.incarnation);
    into.set_task(key.task);
}

inline v1::Desired run_order(const TaskKey& key, const std::vector<std::string>& command) {
    v1::Desired desired;
    desired.set_epoch(1);
    v1::DesiredTask& task = *desired.add_tasks();
    set_key(key, *task.mutable_key());
    v1::Launch& launch = *task.mutable_run();
    launch.set_job_id(key.incarnation);
    launch.set_job_id_text(std::to_string(key.incarnation));
    launch.set_attempt(1);
    launch.mutable_command()->Assign(command.begin(), command.end());
    return desired;
}

inline v1::Desired stop_order(const TaskKey& key) {
    v1::Desired desired;
    desired.set_epoch(1);
    v1::DesiredTask& task = *desired.add_tasks();
    set_key(key, *task.mutable_key());
    task.mutable_stop()->set_signal("TERM");
    task.mutable_stop()->mutable_grace()->set_seconds(20);
    return desired;
}

inline v1::Desired removal(const TaskKey& key) {
    v1::Desired desired;
    desired.set_epoch(1);
    set_key(key, *desired.add_removed());
    return desired;
}

}  // namespace gusu::agent
