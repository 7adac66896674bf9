// A task directory and real supervisors in it. Waits are for pidfds and pipes, with a deadline that
// only a hang reaches.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "agent/supervisor/descriptor.h"
#include "agent/supervisor/records.h"

namespace gusu::agent {

constexpr int kHang = 30'000;  // milliseconds

inline std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline Descriptor pidfd_of(pid_t pid) {
    return Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

inline bool readable(int file, int patience = kHang) {
    pollfd watched = {file, POLLIN, 0};
    return poll(&watched, 1, patience) == 1;
}

// True once the process is gone; for one that was never ours to wait for.
inline bool is_gone(pid_t pid) {
    const Descriptor pidfd = pidfd_of(pid);
    return !pidfd.open() || readable(pidfd.get());
}

class TaskDirectory {
public:
    TaskDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "gusu-task-XXXXXX").string();
        path_ = mkdtemp(name.data());
        order.workdir = path_;
        order.environment = {{"PATH", "/usr/bin:/bin"}};
        order.output_log = path_ / "output";
        if (std::getenv("GUSU_TEST_WALLED") != nullptr && geteuid() == 0) {
            wall_in();
        }
    }
    TaskDirectory(const TaskDirectory&) = delete;
    TaskDirectory& operator=(const TaskDirectory&) = delete;
    ~TaskDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::filesystem::path& path() const { return path_; }
    std::string output() const { return read_text(path_ / "output"); }

    void shell(const std::string& script) { order.command = {"sh", "-c", script}; }

    std::filesystem::path script(const std::string& name, const std::string& text,
                                 mode_t mode = 0755) const {
        std::ofstream(path_ / name, std::ios::binary) << text;
        chmod((path_ / name).c_str(), mode);
        return path_ / name;
    }

    // Blocks until the task's output holds `text`.
    void wait_for_output(const std::string& text) const {
        const Descriptor events(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
        inotify_add_watch(events.get(), path_.c_str(), IN_MODIFY | IN_CREATE);
        while (output().find(text) == std::string::npos) {
            ASSERT_TRUE(readable(events.get())) << "the task never wrote " << text;
            char buffer[4096];
            while (read(events.get(), buffer, sizeof buffer) > 0) {
            }
        }
    }

    SupervisorOrder order;

    // As a tenant that has this folder and nothing else.
    void wall_in() {
        order.walled = true;
        order.uid = 1'900'000'012;
        order.kept = {path_};
        ASSERT_EQ(chown(path_.c_str(), 1'900'000'012, 1'900'000'012), 0);
    }

private:
    std::filesystem::path path_;
};

// A supervisor as the agent starts it. Killed by the destructor if it still runs.
class Supervisor {
public:
    explicit Supervisor(const TaskDirectory& task) : task_(task) {
        EXPECT_TRUE(write_order(task.path(), task.order).ok());
        spawn();
    }
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;
    ~Supervisor() {
        if (pidfd_.open()) {
            kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
    }

    pid_t pid() const { return pid_; }

    // What came through the pipe: "started\n", or "" if the program never ran.
    std::string heard() {
        std::string text;
        char buffer[64];
        ssize_t got = 0;
        while (readable(pipe_.get()) && (got = read(pipe_.get(), buffer, sizeof buffer)) > 0) {
            text.append(buffer, static_cast<std::size_t>(got));
        }
        return text;
    }

    void stop(const std::string& signal, Duration grace) {
        stop({.signal = signal, .grace = grace});
    }
    void stop(const StopRequest& request) {
        EXPECT_TRUE(write_stop(task_.path(), request).ok());
        kill(pid_, SIGUSR1);
    }

    ExitRecord end() {
        EXPECT_TRUE(readable(pidfd_.get())) << "the supervisor does not end";
        if (!readable(pidfd_.get(), 0)) {
            return {};
        }
        waitpid(pid_, nullptr, 0);
        pidfd_.reset();
        const auto record = read_exit(task_.path());
        EXPECT_TRUE(record.ok() && record->has_value()) << "there is no exit.json";
        return record.ok() && record->has_value() ? **record : ExitRecord{};
    }

private:
    void spawn() {
        int ends[2];
        ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
        pipe_ = Descriptor(ends[0]);
        const Descriptor writing(fcntl(ends[1], F_DUPFD_CLOEXEC, 10));
        close(ends[1]);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, writing.get(), 3);
        posix_spawnattr_t attributes;
        posix_spawnattr_init(&attributes);
        sigset_t held;
        sigfillset(&held);
        posix_spawnattr_setsigmask(&attributes, &held);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        std::string program = GUSU_SUPERVISOR;
        std::string directory = task_.path();
        char* const argv[] = {program.data(), directory.data(), nullptr};
        ASSERT_EQ(posix_spawn(&pid_, program.c_str(), &actions, &attributes, argv, environ), 0);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
        pidfd_ = pidfd_of(pid_);
    }

    const TaskDirectory& task_;
    pid_t pid_ = 0;
    Descriptor pidfd_;
    Descriptor pipe_;
};

inline ExitRecord run_to_end(const TaskDirectory& task) { return Supervisor(task).end(); }

}  // namespace gusu::agent
