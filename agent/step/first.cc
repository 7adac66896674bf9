#include "agent/step/first.h"

#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "agent/step/step.h"
#include "agent/supervisor/descriptor.h"

namespace gusu::agent {
namespace {

// In the scratch of each other task, once the first is over.
constexpr const char* kMark = ".first-is-over";
// Each bears an outage of a minute.
constexpr int kTries = 5;
constexpr int kPause = 1'000;  // milliseconds
constexpr int kNoProgram = 127;

// Who stops the task sends its signals to every process of it, so the command has them too.
constexpr int kLeftToCommand[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM};

void set_signals(void (*action)(int)) {
    for (const int number : kLeftToCommand) {
        signal(number, action);
    }
}

int run_here(const std::vector<std::string>& command) {
    set_signals(SIG_IGN);
    const pid_t child = fork();
    if (child == 0) {
        set_signals(SIG_DFL);
        std::vector<char*> words;
        for (const std::string& word : command) {
            words.push_back(const_cast<char*>(word.c_str()));
        }
        words.push_back(nullptr);
        execvp(words.front(), words.data());
        std::fprintf(stderr, "gusu-step: cannot start %s: %s\n", command.front().c_str(),
                     std::strerror(errno));
        _exit(kNoProgram);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        // As it ended, so does this.
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// They would hold what they have until the job's time limit.
int let_others_end(const Place& place) {
    std::vector<ProgramRequest> others;
    for (int task = 0; task < place.tasks; ++task) {
        if (task != place.task) {
            others.push_back(
                {.command = {"sh", "-c", std::string(": > \"$GUSU_SCRATCH_DIR/") + kMark + "\""},
                 .task = task});
        }
    }
    for (int i = 0; i < kTries && !others.empty(); ++i) {
        poll(nullptr, 0, i == 0 ? 0 : kPause);
        others = run_quietly(place, others);
    }
    if (others.empty()) {
        return 0;
    }
    std::fprintf(
        stderr,
        "gusu-step: %zu of the other tasks cannot be told that the first has ended, so the "
        "job is ended as failed\n",
        others.size());
    return kNeverRan;
}

int wait_for_first(const Place& place) {
    const std::string mark = place.scratch + "/" + kMark;
    const Descriptor watch(inotify_init1(IN_CLOEXEC));
    if (inotify_add_watch(watch.get(), place.scratch.c_str(), IN_CREATE) < 0) {
        std::fprintf(stderr, "gusu-step: cannot watch %s: %s\n", place.scratch.c_str(),
                     std::strerror(errno));
        return kNeverRan;
    }
    alignas(inotify_event) char news[4096];
    while (access(mark.c_str(), F_OK) != 0) {
        (void)!read(watch.get(), news, sizeof news);
    }
    return 0;
}

}  // namespace

int run_first(const Place& place, const std::vector<std::string>& command) {
    if (place.task != 0) {
        return wait_for_first(place);
    }
    const int code = run_here(command);
    return code == 0 ? let_others_end(place) : code;
}

}  // namespace gusu::agent
