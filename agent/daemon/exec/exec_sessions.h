// The programs that run in tasks of this node beside the tasks' own, and those that tasks of this
// node want to run elsewhere: each a thread of its own, off the event loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <thread>

#include "agent/daemon/event_loop.h"
#include "agent/daemon/exec/exec_relay.h"
#include "agent/daemon/task.h"
#include "gusu/v1/agent_service.pb.h"

namespace gusu::agent {

// What it needs of the agent.
struct ExecSurroundings {
    std::filesystem::path program;  // gusu-enter
    // To the scheduler that this agent is in touch with.
    std::function<SchedulerChannel()> channel;
    // The folder of a task that is supervised now, and a pidfd of its supervisor.
    struct Supervised {
        std::filesystem::path folder;
        Descriptor supervisor;
    };
    std::function<Result<Supervised>(const TaskKey&)> supervised;
};

class ExecSessions {
public:
    ExecSessions(EventLoop& loop, ExecSurroundings around)
        : loop_(loop), around_(std::move(around)) {}
    // Hangs up on all of them.
    ~ExecSessions();
    ExecSessions(const ExecSessions&) = delete;
    ExecSessions& operator=(const ExecSessions&) = delete;

    // The scheduler wants a program in a task of this node. One of an earlier epoch than the
    // highest that was obeyed is not heard.
    void open(const v1::ExecOpen& order, std::uint64_t highest_epoch);
    // A process of the task `from` is at the other end of the socket.
    void step(const TaskKey& from, Descriptor socket);

private:
    struct Session {
        grpc::ClientContext context;
        Descriptor socket;
        Descriptor process;  // gusu-enter's; not open: none
        std::atomic<bool> is_cancelled = false;
        std::thread thread;
    };
    using Body = std::function<void(Session&)>;

    Result<std::string> start(const v1::ExecOpen& order, Session& session);
    void run(std::unique_ptr<Session> session, Body body);
    void over(std::uint64_t number);

    EventLoop& loop_;
    const ExecSurroundings around_;
    std::uint64_t last_ = 0;
    std::map<std::uint64_t, std::unique_ptr<Session>> sessions_;
};

}  // namespace gusu::agent
