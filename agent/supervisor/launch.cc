#include "agent/supervisor/launch.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "agent/supervisor/before_exec.h"
#include "agent/supervisor/exec_error.h"
#include "agent/supervisor/person.h"
#include "agent/supervisor/socket_scope.h"
#include "agent/supervisor/syscall_filter.h"
#include "agent/supervisor/task_init.h"
#include "agent/supervisor/task_view.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

Error system_error(const std::string& what) {
    return {ErrorCode::Internal, what + ": " + std::strerror(errno)};
}

// The rest of the file runs in the child, up to exec; each function returns the reason why it
// cannot, or "".

// A word "1" or "2" carries the open copy of stdout or stderr; any other text is the reason why the
// program does not run.
std::string open_copy(const Descriptor& socket, const std::string& path, const char* stream) {
    if (path.empty()) {
        return "";
    }
    // Not blocking: a pipe that nobody reads must not hold up the task.
    const Descriptor file(open(
        path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666));
    struct stat found = {};
    if (!file.open() || fstat(file.get(), &found) != 0) {
        return "the output file " + quote(path) + " cannot be opened: " + std::strerror(errno);
    }
    if (!S_ISREG(found.st_mode) && !S_ISCHR(found.st_mode)) {
        return "the output file " + quote(path) + " is no regular file";
    }
    tell(socket, stream, file.get());
    return "";
}

std::string connect_streams(const Launched& ends) {
    const Descriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int error = ends.error.open() ? ends.error.get() : ends.output.get();
    if (dup2(nothing.get(), 0) < 0 || dup2(ends.output.get(), 1) < 0 || dup2(error, 2) < 0) {
        return std::string("cannot connect the task's output: ") + std::strerror(errno);
    }
    return "";
}

struct Child {
    const SupervisorOrder& order;
    const std::optional<Person>& person;
    const Cgroup* cgroup;
    const Launched& ends;  // the writing ends of the pipes
    const Descriptor& socket;
    const TaskInit* init;  // null: there is no wall
    pid_t supervisor;      // as the child sees it
};

std::string enter_wall(const Child& child) {
    char ready = 0;
    if (read(child.init->ready.get(), &ready, 1) != 1) {
        return "the first process of the task's namespace did not start";
    }
    return enter_view({.person = child.person,
                       .hidden = child.order.hidden,
                       .kept = child.order.kept,
                       .workdir = child.order.workdir,
                       .accounts = child.order.accounts,
                       .cgroup = child.cgroup,
                       .memory = child.order.memory});
}

// What is not needed any more to get here.
std::string close_wall(const SupervisorOrder& order) {
    // Ranks of a job on one node talk by such sockets.
    const std::string reason = order.alone_in_job ? keep_to_own_sockets() : "";
    return reason.empty() ? filter_syscalls() : reason;
}

std::string prepare_child(const Child& child) {
    setpgid(0, 0);
    umask(022);
    be_no_better_than_others();
    if (child.cgroup != nullptr) {
        if (const Status entered = child.cgroup->enter(); !entered) {
            return "cannot enter the task's control group: " + entered.error().message;
        }
    }
    if (const std::string reason = connect_streams(child.ends); !reason.empty()) {
        return reason;
    }
    if (child.init != nullptr) {
        if (std::string reason = enter_wall(child); !reason.empty()) {
            return reason;
        }
    }
    if (std::string reason = become(child.person); !reason.empty()) {
        return reason;
    }
    // Who supervises nobody can neither be stopped nor counted. Cleared by a change of user, so
    // it comes after that.
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != child.supervisor) {
        return "the supervisor is gone";
    }
    if (const std::string reason = enter_directory(child.order.workdir); !reason.empty()) {
        return reason;
    }
    std::string reason = open_copy(child.socket, child.order.output_copy, "1");
    if (reason.empty()) {
        reason = open_copy(child.socket, child.order.error_copy, "2");
    }
    return reason.empty() && child.init != nullptr ? close_wall(child.order) : reason;
}

[[noreturn]] void run_child(const Child& child) {
    std::string reason = prepare_child(child);
    if (reason.empty()) {
        close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
        reset_signals();
        reason = exec_program(child.order.command, child.order.environment);
    }
    tell(child.socket, reason, -1);
    _exit(127);
}

// Being born in the group spares the lock that a move would take. Where that does not work, the
// child moves itself.
pid_t fork_into(const Cgroup* cgroup) {
    const std::string birthplace = cgroup == nullptr ? "" : cgroup->birthplace();
    if (birthplace.empty()) {
        return fork();
    }
    const Descriptor directory(open(birthplace.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    clone_args arguments = {};
    arguments.flags = CLONE_INTO_CGROUP;
    arguments.exit_signal = SIGCHLD;
    arguments.cgroup = static_cast<unsigned>(directory.get());
    const long pid = directory.open() ? syscall(SYS_clone3, &arguments, sizeof arguments) : -1;
    return pid < 0 ? fork() : static_cast<pid_t>(pid);
}

Status make_pipe(Descriptor& reading, Descriptor& writing) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return system_error("cannot make a pipe");
    }
    reading = Descriptor(ends[0]);
    writing = Descriptor(ends[1]);
    // Only our end: a program that finds its stdout not blocking loses output.
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return Done{};
}

bool wants_error_apart(const SupervisorOrder& order) {
    return !order.error_log.empty() || !order.error_copy.empty();
}

Result<TaskInit> start_wall(const std::optional<Person>& person) {
    if (!person.has_value()) {
        return Error{ErrorCode::FailedPrecondition,
                     "the task cannot be walled in: it runs as the supervisor does, which must be "
                     "root for that and the task must not"};
    }
    return start_task_init();
}

// Until the exec, or the reason against it.
std::string hear_out(const Descriptor& socket, Launched& launched) {
    std::string reason;
    while (true) {
        Descriptor carried;
        const std::string word = hear(socket, carried);
        if (word.empty()) {
            return reason;
        }
        if (word == "1") {
            launched.output_copy = std::move(carried);
        } else if (word == "2") {
            launched.error_copy = std::move(carried);
        } else {
            reason = word;
        }
    }
}

}  // namespace

Result<Launched> launch(const SupervisorOrder& order, const Cgroup* cgroup) {
    const Result<std::optional<Person>> person = find_person(order);
    if (!person) {
        return person.error();
    }
    Result<Words> words = make_words();
    if (!words) {
        return words.error();
    }
    Launched launched;
    Launched ends;
    Status piped = make_pipe(launched.output, ends.output);
    if (piped.ok() && wants_error_apart(order)) {
        piped = make_pipe(launched.error, ends.error);
    }
    if (!piped) {
        return piped.error();
    }
    std::optional<TaskInit> init;
    if (order.walled) {
        Result<TaskInit> started = start_wall(*person);
        if (!started) {
            return started.error();
        }
        init = std::move(*started);
    }
    // Who is in a namespace has no number in one below it.
    const pid_t supervisor = init ? 0 : getpid();
    launched.pid = fork_into(cgroup);
    if (launched.pid < 0) {
        return system_error("cannot start another process");
    }
    if (launched.pid == 0) {
        run_child({.order = order,
                   .person = *person,
                   .cgroup = cgroup,
                   .ends = ends,
                   .socket = words->child,
                   .init = init ? &*init : nullptr,
                   .supervisor = supervisor});
    }
    words->child.reset();
    const std::string reason = hear_out(words->parent, launched);
    if (!reason.empty()) {
        waitpid(launched.pid, nullptr, 0);
        return Error{ErrorCode::FailedPrecondition, reason};
    }
    return launched;
}

}  // namespace gusu::agent
