#include "agent/supervisor/launch.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "agent/supervisor/exec_error.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

// Between the child and the supervisor. A message "1" or "2" carries the open copy of stdout or
// stderr; any other text is the reason why the program does not run. The end without a reason is
// the exec, which closes the socket.
struct Words {
    Descriptor supervisor;
    Descriptor child;
};

struct Person {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
};

Error system_error(const std::string& what) {
    return {ErrorCode::Internal, what + ": " + std::strerror(errno)};
}

// nullopt: the task runs as the supervisor does.
Result<std::optional<Person>> find_person(const std::string& user) {
    if (user.empty()) {
        return std::optional<Person>();
    }
    errno = 0;
    const passwd* const entry = getpwnam(user.c_str());
    if (entry == nullptr) {
        return Error{ErrorCode::NotFound, "the user " + quote(user) +
                                              " does not exist on this node: create the account, "
                                              "or map the tenant to another"};
    }
    if (entry->pw_uid == geteuid()) {
        return std::optional<Person>();
    }
    if (geteuid() != 0) {
        return Error{ErrorCode::NotAllowed,
                     "the task is to run as " + quote(user) +
                         ", and this agent is not root: run the agent as root, or as that user"};
    }
    return std::optional<Person>(Person{.name = user, .uid = entry->pw_uid, .gid = entry->pw_gid});
}

void tell(const Descriptor& socket, const std::string& text, int carried) {
    iovec part = {const_cast<char*>(text.data()), text.size()};
    alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (carried >= 0) {
        message.msg_control = space;
        message.msg_controllen = sizeof space;
        cmsghdr* const header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(header), &carried, sizeof carried);
    }
    (void)sendmsg(socket.get(), &message, MSG_NOSIGNAL);
}

// What the child said, with the descriptor it carried; "" at the end.
std::string hear(const Descriptor& socket, Descriptor& carried) {
    std::vector<char> text(4096);
    iovec part = {text.data(), text.size()};
    alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = space;
    message.msg_controllen = sizeof space;
    ssize_t got = 0;
    do {
        got = recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message); got > 0 && header != nullptr) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(header), sizeof number);
        carried = Descriptor(number);
    }
    return {text.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

// The rest of the file runs in the child, up to exec; each function returns the reason why it
// cannot, or "".

std::string become(const std::optional<Person>& person) {
    if (person.has_value() && (initgroups(person->name.c_str(), person->gid) != 0 ||
                               setgid(person->gid) != 0 || setuid(person->uid) != 0)) {
        return "cannot become the user " + quote(person->name) + ": " + std::strerror(errno);
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return std::string("cannot give up new privileges: ") + std::strerror(errno);
    }
    return "";
}

std::string enter_directory(const std::string& workdir) {
    if (chdir(workdir.c_str()) == 0) {
        return "";
    }
    if (errno == ENOENT) {
        return "the working directory " + quote(workdir) + " does not exist";
    }
    return "the working directory " + quote(workdir) +
           " cannot be entered: " + std::strerror(errno);
}

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

// Also the two that the C library keeps for itself, which signal() refuses to touch.
void reset_signals() {
    const unsigned long defaults[8] = {};  // the kernel's sigaction, all zero
    for (int number = 1; number < NSIG; ++number) {
        syscall(SYS_rt_sigaction, number, defaults, nullptr, sizeof(unsigned long));
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
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
    pid_t supervisor;
};

std::string prepare_child(const Child& child) {
    setpgid(0, 0);
    umask(022);
    const rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    if (child.cgroup != nullptr) {
        if (const Status entered = child.cgroup->enter(); !entered) {
            return "cannot enter the task's control group: " + entered.error().message;
        }
    }
    if (const std::string reason = connect_streams(child.ends); !reason.empty()) {
        return reason;
    }
    if (const std::string reason = become(child.person); !reason.empty()) {
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
    const std::string output = open_copy(child.socket, child.order.output_copy, "1");
    return output.empty() ? open_copy(child.socket, child.order.error_copy, "2") : output;
}

[[noreturn]] void run_child(const Child& child) {
    std::string reason = prepare_child(child);
    if (reason.empty()) {
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

Result<Words> make_words() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return system_error("cannot make a socket pair");
    }
    return Words{.supervisor = Descriptor(ends[0]), .child = Descriptor(ends[1])};
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
    const Result<std::optional<Person>> person = find_person(order.user);
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
    const pid_t supervisor = getpid();
    launched.pid = fork_into(cgroup);
    if (launched.pid < 0) {
        return system_error("cannot start another process");
    }
    if (launched.pid == 0) {
        run_child({order, *person, cgroup, ends, words->child, supervisor});
    }
    words->child.reset();
    const std::string reason = hear_out(words->supervisor, launched);
    if (!reason.empty()) {
        waitpid(launched.pid, nullptr, 0);
        return Error{ErrorCode::FailedPrecondition, reason};
    }
    return launched;
}

}  // namespace gusu::agent
