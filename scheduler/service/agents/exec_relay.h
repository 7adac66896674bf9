// The programs that run in tasks beside the tasks' own, from the order to an agent until both of
// its ends are gone. An agent that is told of one calls back (AgentService.Exec), and is coupled
// with who asked.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gusu/v1/agent_service.pb.h"
#include "scheduler/service/agents/exec_session.h"

namespace gusu::service {

class AgentStream;

// Each costs a node two threads and a process, and this scheduler a stream or two.
inline constexpr std::size_t kMostExecSessions = 4'096;
inline constexpr std::size_t kMostExecSessionsOfNode = 128;
// So that one task's programs leave room for those of others.
inline constexpr std::size_t kMostExecSessionsOfTask = 16;
inline constexpr std::chrono::seconds kExecDialBack{10};

struct ExecOrder {
    std::string node;
    v1::TaskKey key;
    v1::ExecProgram program;
    // For the log: "alice", and the job and task as users write them.
    std::string who;
    std::string what;
};

// Whom to tell of every session.
struct ExecCounts {
    std::function<void()> opened = [] {};
    std::function<void(ExecResult)> closed = [](ExecResult) {};
};

class ExecRelay {
public:
    using Steady = std::chrono::steady_clock;
    using StreamOf = std::function<std::shared_ptr<AgentStream>(const std::string& node)>;

    ExecRelay(StreamOf stream_of, ExecCounts counts)
        : stream_of_(std::move(stream_of)), counts_(std::move(counts)) {}

    // Has the node start it; `epoch` is that of this leadership. The caller is finished if that is
    // not possible.
    void open(const ExecOrder& order, std::uint64_t epoch,
              const std::shared_ptr<ExecCaller>& caller);
    // For an agent that calls back. NotFound: nothing was asked of this node under that id, or
    // nobody waits for it any more.
    Result<std::shared_ptr<ExecSession>> claim(const std::string& exec_id,
                                               const std::string& node) const;

    // Gives up those that have waited for their agent for too long.
    void check(Steady::time_point now);
    // Of the order's stream: who has not called back will not.
    void node_parted(const std::string& node);
    // Ends all, and every new one at once.
    void shutdown();

private:
    struct Open {
        std::shared_ptr<ExecSession> session;
        std::string node;
        std::string what;
        Steady::time_point wait_until;
    };

    Status admit(const ExecOrder& order) const;
    std::shared_ptr<ExecSession> make_session(const std::string& id, const ExecOrder& order,
                                              const std::shared_ptr<ExecCaller>& caller);
    void closed(const std::string& id);
    std::vector<std::shared_ptr<ExecSession>> those(
        const std::function<bool(const Open&)>& are_meant) const;

    const StreamOf stream_of_;
    const ExecCounts counts_;
    mutable std::mutex mutex_;
    std::map<std::string, Open> open_;  // by id
    bool is_closing_ = false;
};

}  // namespace gusu::service
