#include "agent/supervisor/task_init.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace gusu::agent {
namespace {

constexpr uid_t kNobody = 65534;

Error init_error(const std::string& what) {
    return {ErrorCode::Unavailable, what + ": " + std::strerror(errno)};
}

bool become_nobody() {
    return setgroups(0, nullptr) == 0 && setresgid(kNobody, kNobody, kNobody) == 0 &&
           setresuid(kNobody, kNobody, kNobody) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

// Signals that it has no handler for do not touch it, and it has none: only the supervisor's
// SIGKILL does.
[[noreturn]] void be_init(int ready) {
    prctl(PR_SET_NAME, "gusu-init", 0, 0, 0);
    signal(SIGCHLD, SIG_IGN);  // the kernel reaps
    // A change of user clears the death signal, so it comes after that.
    if (dup2(ready, 0) != 0 || close_range(1, ~0U, 0) != 0 || !become_nobody() ||
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        _exit(1);
    }
    // Fails if the supervisor has died meanwhile, as then nobody reads.
    if (write(0, "r", 1) != 1) {
        _exit(1);
    }
    close(0);
    while (true) {
        pause();
    }
}

}  // namespace

Result<TaskInit> start_task_init() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return init_error("cannot make a pipe");
    }
    TaskInit init;
    init.ready = Descriptor(ends[0]);
    const Descriptor writing(ends[1]);
    int number = -1;
    clone_args arguments = {};
    arguments.flags = CLONE_NEWPID | CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uintptr_t>(&number);
    arguments.exit_signal = SIGCHLD;
    const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0) {
        return init_error("cannot make a process namespace");
    }
    if (pid == 0) {
        // Whoever reads must be somebody else, or a dead supervisor would not be missed.
        init.ready.reset();
        be_init(writing.get());
    }
    const Descriptor process(number);
    if (setns(process.get(), CLONE_NEWPID) != 0) {
        Error error = init_error("cannot start processes in a process namespace");
        kill(static_cast<pid_t>(pid), SIGKILL);
        waitpid(static_cast<pid_t>(pid), nullptr, 0);
        return error;
    }
    init.pid = static_cast<pid_t>(pid);
    return init;
}

}  // namespace gusu::agent
