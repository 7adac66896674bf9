// gusu-supervisor DIRECTORY: runs the one task that DIRECTORY/order.json asks for, and outlives the
// agent that started it. See supervise.h for the task's life and records.h for the files.
//
// gusu-supervisor --try-wall: walls in a program that does nothing, or says why it cannot.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string_view>

#include "agent/supervisor/descriptor.h"
#include "agent/supervisor/launch.h"
#include "agent/supervisor/records.h"
#include "agent/supervisor/supervise.h"

namespace gusu::agent {
namespace {

constexpr int kAgentPipe = 3;
constexpr int kRetryWrite = 1'000;  // milliseconds

// Nothing that the agent holds open may live on in here, but for its pipe.
Descriptor take_agent_pipe() {
    close_range(kAgentPipe + 1, ~0U, 0);
    if (fcntl(kAgentPipe, F_SETFD, FD_CLOEXEC) != 0) {
        return {};
    }
    return Descriptor(kAgentPipe);
}

// Away from the agent's session and terminal. Its stderr stays until the task runs: what could not
// be set up is told there.
void leave_the_agent() {
    setsid();
    umask(027);
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    if (fcntl(STDERR_FILENO, F_GETFD) < 0) {
        dup2(nothing, STDERR_FILENO);
    }
    if (nothing > STDERR_FILENO) {
        close(nothing);
    }
}

ExitRecord run(const std::filesystem::path& directory, Descriptor agent) {
    const Result<SupervisorOrder> order = read_order(directory);
    if (!order) {
        ExitRecord record;
        record.launch_error = order.error().message;
        return record;
    }
    return supervise(directory, *order, std::move(agent));
}

// How a task ended must not get lost over a full disk, so it waits for room. Only a directory
// that is gone has nobody left to ask.
int leave_record(const std::filesystem::path& directory, const ExitRecord& record) {
    std::error_code ignored;
    while (true) {
        const Status written = write_exit(directory, record);
        if (written.ok()) {
            return 0;
        }
        std::fprintf(stderr, "gusu-supervisor: %s\n", written.error().message.c_str());
        if (!std::filesystem::is_directory(directory, ignored)) {
            return 1;
        }
        poll(nullptr, 0, kRetryWrite);
    }
}

// What it started ends with it.
int try_wall() {
    SupervisorOrder order;
    order.command = {"/bin/true"};
    order.workdir = "/";
    order.uid = 65534;
    order.walled = true;
    const Result<Launched> launched = launch(order, nullptr);
    if (!launched) {
        std::fprintf(stderr, "%s\n", launched.error().message.c_str());
        return 1;
    }
    int status = 0;
    if (waitpid(launched->pid, &status, 0) != launched->pid || status != 0) {
        std::fprintf(stderr, "a walled program did not come to its end\n");
        return 1;
    }
    return 0;
}

}  // namespace
}  // namespace gusu::agent

int main(int count, char** arguments) {
    using namespace gusu::agent;
    hold_signals();
    if (count == 2 && std::string_view(arguments[1]) == "--try-wall") {
        return try_wall();
    }
    if (count != 2) {
        std::fprintf(stderr,
                     "usage: gusu-supervisor DIRECTORY | --try-wall\n"
                     "Runs the task of DIRECTORY/order.json. The agent starts it; nobody else "
                     "needs to.\n");
        return 2;
    }
    Descriptor agent = take_agent_pipe();
    leave_the_agent();
    std::error_code cannot;
    const std::filesystem::path directory = std::filesystem::absolute(arguments[1], cannot);
    if (cannot || chdir("/") != 0) {
        std::fprintf(stderr, "gusu-supervisor: cannot use %s\n", arguments[1]);
        return 1;
    }
    return leave_record(directory, run(directory, std::move(agent)));
}
