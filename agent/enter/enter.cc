#include "agent/enter/enter.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "agent/cgroup/cgroup_files.h"
#include "agent/supervisor/before_exec.h"
#include "agent/supervisor/exec_error.h"
#include "agent/supervisor/socket_scope.h"
#include "agent/supervisor/syscall_filter.h"

namespace gusu::agent {
namespace {

// "t" carries the terminal; any other text is the reason why the program does not run.
constexpr const char* kTerminal = "t";

Error failed(const std::string& what) {
    return {ErrorCode::FailedPrecondition, what + ": " + std::strerror(errno)};
}

struct Ends {
    Descriptor input;
    Descriptor output;
    Descriptor error;
};

// The rest, up to enter_task(), runs in the child; each function gives the reason why it cannot, or
// "".
struct Child {
    const Site& site;
    const ProgramRequest& request;
    const Ends& ends;
    const Descriptor& words;
    pid_t parent;  // as the child sees it
};

std::string join_task(const Site& site) {
    for (const std::string& entrance : site.entrances) {
        if (const Status entered = cgroup_files::write(entrance, "0"); !entered) {
            return "cannot enter the task's control group: " + entered.error().message;
        }
    }
    if (site.process.open() && setns(site.process.get(), site.namespaces) != 0) {
        return std::string("the task cannot be entered: ") + std::strerror(errno);
    }
    return become(site.person);
}

std::string close_wall(Guard guard) {
    const std::string reason = guard == Guard::SystemCallsAndSockets ? keep_to_own_sockets() : "";
    return reason.empty() && guard != Guard::None ? filter_syscalls() : reason;
}

std::string take_streams(const Descriptor& input, const Descriptor& output,
                         const Descriptor& error) {
    return dup2(input.get(), 0) < 0 || dup2(output.get(), 1) < 0 || dup2(error.get(), 2) < 0
               ? std::string("cannot connect the program's streams: ") + std::strerror(errno)
               : "";
}

// Of the task's own, so that it has a name there, and belongs to the task's user.
std::string take_terminal(const Child& child) {
    const TerminalRequest& wanted = *child.request.terminal;
    const Descriptor master(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
    int locked = 0;
    if (!master.open() || ioctl(master.get(), TIOCSPTLCK, &locked) != 0) {
        return std::string("cannot make a terminal in the task: ") + std::strerror(errno);
    }
    const Descriptor terminal(ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    winsize size = {};
    size.ws_row = static_cast<unsigned short>(wanted.rows);
    size.ws_col = static_cast<unsigned short>(wanted.columns);
    termios settings = {};
    if (!terminal.open() || ioctl(terminal.get(), TIOCSCTTY, 0) != 0 ||
        tcgetattr(terminal.get(), &settings) != 0) {
        return std::string("cannot open the terminal in the task: ") + std::strerror(errno);
    }
    ioctl(terminal.get(), TIOCSWINSZ, &size);
    settings.c_iflag |= IUTF8;
    tcsetattr(terminal.get(), TCSANOW, &settings);
    tell(child.words, kTerminal, master.get());
    return take_streams(terminal, terminal, terminal);
}

std::string prepare(const Child& child) {
    setsid();
    umask(022);
    be_no_better_than_others();
    if (const std::string reason = join_task(child.site); !reason.empty()) {
        return reason;
    }
    // Nothing outlives who hears it. Cleared by a change of user, so it comes after that.
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != child.parent) {
        return "nobody hears it any more";
    }
    std::string reason = enter_directory(child.site.workdir);
    if (reason.empty()) {
        reason = child.request.terminal
                     ? take_terminal(child)
                     : take_streams(child.ends.input, child.ends.output, child.ends.error);
    }
    return reason.empty() ? close_wall(child.site.guard) : reason;
}

std::map<std::string, std::string> environment_of(const Child& child) {
    std::map<std::string, std::string> environment = child.site.environment;
    if (child.request.terminal) {
        environment["TERM"] = child.request.terminal->type;
    }
    for (const auto& [name, value] : child.request.environment) {
        environment[name] = value;
    }
    return environment;
}

[[noreturn]] void run_child(const Child& child) {
    std::string reason = prepare(child);
    if (reason.empty()) {
        close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
        reset_signals();
        reason = exec_program(child.request.command, environment_of(child));
    }
    tell(child.words, reason, -1);
    _exit(127);
}

Status make_pipe(Descriptor& reading, Descriptor& writing) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return failed("cannot make a pipe");
    }
    reading = Descriptor(ends[0]);
    writing = Descriptor(ends[1]);
    return Done{};
}

Status make_pipes(Entered& ours, Ends& theirs) {
    for (const Status& made :
         {make_pipe(theirs.input, ours.input), make_pipe(ours.output, theirs.output),
          make_pipe(ours.error, theirs.error)}) {
        if (!made) {
            return made;
        }
    }
    return Done{};
}

void never_block(const Entered& entered) {
    for (const Descriptor* end : {&entered.input, &entered.output, &entered.error}) {
        if (end->open()) {
            fcntl(end->get(), F_SETFL, O_NONBLOCK);
        }
    }
}

// Until the exec, or the reason against it.
std::string hear_out(const Descriptor& words, Entered& entered) {
    std::string reason;
    while (true) {
        Descriptor carried;
        const std::string word = hear(words, carried);
        if (word.empty()) {
            return reason;
        }
        if (word == kTerminal) {
            entered.output = std::move(carried);
        } else {
            reason = word;
        }
    }
}

}  // namespace

Result<Entered> enter_task(const Site& site, const ProgramRequest& request) {
    if (request.command.empty() || request.command.front().empty()) {
        return Error{ErrorCode::InvalidArgument, "the command is empty; name a program"};
    }
    Result<Words> words = make_words();
    Entered entered;
    Ends ends;
    const Status piped = request.terminal ? Status(Done{}) : make_pipes(entered, ends);
    if (!words || !piped) {
        return words ? piped.error() : words.error();
    }
    if (site.process.open() && setns(site.process.get(), CLONE_NEWPID) != 0) {
        return failed("the task's processes cannot be joined");
    }
    // Who is in a namespace has no number in one below it.
    const pid_t parent = site.process.open() ? 0 : getpid();
    entered.pid = fork();
    if (entered.pid < 0) {
        return failed("cannot start another process in the task");
    }
    if (entered.pid == 0) {
        run_child({.site = site,
                   .request = request,
                   .ends = ends,
                   .words = words->child,
                   .parent = parent});
    }
    words->child.reset();
    const std::string reason = hear_out(words->parent, entered);
    if (!reason.empty()) {
        waitpid(entered.pid, nullptr, 0);
        return Error{ErrorCode::FailedPrecondition, reason};
    }
    never_block(entered);
    return entered;
}

}  // namespace gusu::agent
