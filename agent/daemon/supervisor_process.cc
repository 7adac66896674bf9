#include "agent/daemon/supervisor_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

constexpr int kStartedFd = 3;
constexpr const char* kName = "gusu-supervisor";

int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

// posix_spawn's two objects, freed together.
class SpawnPlan {
public:
    SpawnPlan() {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }

    // A stop that comes before the supervisor listens waits for it, instead of ending it.
    void set_session_and_signals() {
        sigset_t held;
        sigemptyset(&held);
        sigaddset(&held, SIGUSR1);
        posix_spawnattr_setsigmask(&attributes_, &held);
        sigset_t ordinary;
        sigfillset(&ordinary);
        posix_spawnattr_setsigdefault(&attributes_, &ordinary);
        posix_spawnattr_setflags(&attributes_,
                                 static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF));
    }

    void set_files(int started, const fs::path& log) {
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, log.c_str(),
                                         O_WRONLY | O_CREAT | O_APPEND, 0600);
        posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, started, kStartedFd);
    }

    void set_error(int said) {
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDWR, 0);
        posix_spawn_file_actions_adddup2(&actions_, STDIN_FILENO, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, said, STDERR_FILENO);
    }

    int spawn(const fs::path& program, const fs::path& directory, pid_t& pid) const {
        std::string name = program.string();
        std::string argument = directory.string();
        std::string path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        std::array<char*, 3> arguments{name.data(), argument.data(), nullptr};
        std::array<char*, 2> environment{path.data(), nullptr};
        return posix_spawn(&pid, program.c_str(), &actions_, &attributes_, arguments.data(),
                           environment.data());
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

// The directory a supervisor was started for; "" if the process is none of ours.
fs::path directory_of(const std::string& pid) {
    const fs::path proc = fs::path("/proc") / pid;
    struct stat owner{};
    const auto words = read_file(proc / "cmdline");
    if (!words || ::stat(proc.c_str(), &owner) != 0 || owner.st_uid != ::geteuid()) {
        return {};
    }
    // What it has started and is not a program yet still has its words, but not its session.
    const pid_t number = std::atoi(pid.c_str());
    if (::getsid(number) != number) {
        return {};
    }
    const std::size_t first = words->find('\0');
    const std::size_t second = words->find('\0', first + 1);
    if (first == std::string::npos || second == std::string::npos ||
        fs::path(words->substr(0, first)).filename() != kName) {
        return {};
    }
    return words->substr(first + 1, second - first - 1);
}

}  // namespace

Result<StartedSupervisor> start_supervisor(const fs::path& program, const fs::path& directory) {
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0) {
        return system_error("cannot open a pipe for", directory);
    }
    Descriptor reading(pipe[0]);
    const Descriptor writing(pipe[1]);
    ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);
    SpawnPlan plan;
    plan.set_session_and_signals();
    plan.set_files(writing.get(), directory / "supervisor.log");
    pid_t pid = 0;
    errno = plan.spawn(program, directory, pid);
    if (errno != 0) {
        return system_error("cannot start", program);
    }
    // The number is ours until we wait for the child.
    Descriptor process(open_pidfd(pid));
    if (!process.open()) {
        Error error = system_error("cannot watch the supervisor of", directory);
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        return error;
    }
    return StartedSupervisor{.process = std::move(process), .started = std::move(reading)};
}

std::map<std::string, Descriptor> find_supervisors(const fs::path& tasks) {
    std::map<std::string, Descriptor> found;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator("/proc", failure)) {
        const std::string pid = entry.path().filename().string();
        if (pid.find_first_not_of("0123456789") != std::string::npos) {
            continue;
        }
        if (directory_of(pid).parent_path() != tasks) {
            continue;
        }
        // Asked again while it is held, for the number may have gone to another in between.
        Descriptor process(open_pidfd(std::atoi(pid.c_str())));
        const fs::path directory = directory_of(pid);
        if (process.open() && directory.parent_path() == tasks && !is_over(process)) {
            found[directory.filename().string()] = std::move(process);
        }
    }
    return found;
}

Status try_wall(const fs::path& program) {
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0) {
        return system_error("cannot open a pipe for", program);
    }
    const Descriptor reading(pipe[0]);
    Descriptor writing(pipe[1]);
    SpawnPlan plan;
    plan.set_session_and_signals();
    plan.set_error(writing.get());
    pid_t pid = 0;
    errno = plan.spawn(program, "--try-wall", pid);
    if (errno != 0) {
        return system_error("cannot start", program);
    }
    writing.reset();
    std::string said(4096, '\0');
    const ssize_t got = ::read(reading.get(), said.data(), said.size());
    int status = 0;
    ::waitpid(pid, &status, 0);
    said.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    said.erase(said.find_last_not_of('\n') + 1);
    return status == 0 ? Status(Done{}) : Error{ErrorCode::Unavailable, said};
}

Status stop_supervisor(const Descriptor& process, const fs::path& directory,
                       const StopRequest& request) {
    if (const Status written = write_stop(directory, request); !written) {
        return written;
    }
    if (::syscall(SYS_pidfd_send_signal, process.get(), SIGUSR1, nullptr, 0) != 0 &&
        errno != ESRCH) {
        return system_error("cannot signal the supervisor of", directory);
    }
    return Done{};
}

bool is_over(const Descriptor& process) { return wait_until_over(process, Duration{0}); }

bool wait_until_over(const Descriptor& process, Duration patience) {
    pollfd asked{.fd = process.get(), .events = POLLIN, .revents = 0};
    const auto milliseconds = std::clamp<std::int64_t>(patience.count(), 0, 3'600'000);
    return ::poll(&asked, 1, static_cast<int>(milliseconds)) == 1;
}

void reap(const Descriptor& process) {
    siginfo_t ignored{};
    ::waitid(P_PIDFD, static_cast<id_t>(process.get()), &ignored, WEXITED | WNOHANG);
}

}  // namespace gusu::agent
