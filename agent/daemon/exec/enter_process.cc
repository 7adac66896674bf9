#include "agent/daemon/exec/enter_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "agent/daemon/files.h"

namespace gusu::agent {
namespace {

constexpr int kSupervisorFd = 3;

// What it says of itself goes to the agent's own log.
int spawn(const std::filesystem::path& program, const std::filesystem::path& task,
          const std::array<int, 2>& files, pid_t& pid) {
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, files[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, files[1], kSupervisorFd);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    std::string name = program.string();
    std::string folder = task.string();
    std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    std::array<char*, 3> arguments{name.data(), folder.data(), nullptr};
    std::array<char*, 2> environment{path.data(), nullptr};
    const int failure = posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments.data(),
                                    environment.data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failure;
}

}  // namespace

Result<EnterProcess> start_enter(const std::filesystem::path& program,
                                 const std::filesystem::path& task, const Descriptor& supervisor) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return system_error("cannot open a socket pair for", task);
    }
    EnterProcess entered{.socket = Descriptor(ends[0]), .process = {}};
    const Descriptor other(ends[1]);
    pid_t pid = 0;
    errno = spawn(program, task, {other.get(), supervisor.get()}, pid);
    if (errno != 0) {
        return system_error("cannot start", program);
    }
    // The number is ours until we wait for the child.
    entered.process = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!entered.process.open()) {
        Error error = system_error("cannot watch", program);
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        return error;
    }
    return entered;
}

}  // namespace gusu::agent
