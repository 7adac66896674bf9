// gusu-enter DIRECTORY: a program in the running task whose order is in DIRECTORY, for the agent,
// which is at the other end of stdin (a socket; frames.h). Descriptor 3 is a pidfd of the task's
// supervisor. See session.h.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "agent/enter/session.h"

int main(int count, char** arguments) {
    using namespace gusu::agent;
    constexpr int kSocket = 0;
    constexpr int kSupervisor = 3;
    if (count != 2 || fcntl(kSupervisor, F_SETFD, FD_CLOEXEC) != 0) {
        std::fprintf(stderr,
                     "usage: gusu-enter DIRECTORY\n"
                     "Starts a program in a running task. The agent starts it; nobody else needs "
                     "to.\n");
        return 2;
    }
    setsid();
    hold_session_signals();
    close_range(kSupervisor + 1, ~0U, 0);
    const int socket = fcntl(kSocket, F_DUPFD_CLOEXEC, kSupervisor + 1);
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, kSocket);
    close(nothing);
    if (socket < 0 || chdir("/") != 0) {
        return 1;
    }
    run_session(arguments[1], Descriptor(socket), Descriptor(kSupervisor));
    return 0;
}
