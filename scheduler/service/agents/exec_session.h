// A program that runs in a task beside the task's own, and who started it: what they say to each
// other, handed across.
//
// One message at a time each way: the next is read only when the one before has gone out. So who
// is slow slows down the other, and costs no memory.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "gusu/v1/exec.pb.h"
#include "scheduler/base/result.h"

namespace gusu::service {

inline constexpr std::size_t kMostExecData = std::size_t{64} << 10;

class ExecSession;

// One of the two ends, as the session drives it. Every call may come from any thread, and none
// waits. After finish() nothing is said any more.
template <typename Message>
class ExecEndpoint {
public:
    virtual ~ExecEndpoint() = default;
    // One more message is wanted of it.
    virtual void read_next() = 0;
    // Only when the one before is written.
    virtual void write(Message message) = 0;
    virtual void finish(const Status& status) = 0;
};

// Who started it hears its output, ...
class ExecCaller : public ExecEndpoint<v1::ExecOutput> {
public:
    // Once, before anything else: whom it talks to.
    virtual void join(std::shared_ptr<ExecSession> session) = 0;
};
// ... and the agent that runs it takes its input.
using ExecAgent = ExecEndpoint<v1::ExecInput>;

// A closed list: it labels a metric.
enum class ExecResult {
    Exited,   // the program has ended
    Refused,  // it never ran
    HungUp,   // who started it has gone
    Lost,     // the node or this scheduler has gone
};
std::string to_text(ExecResult result);

class ExecSession : public std::enable_shared_from_this<ExecSession> {
public:
    using Closed = std::function<void(ExecResult, const Status&)>;
    // `closed` is told once.
    ExecSession(std::shared_ptr<ExecCaller> caller, Closed closed)
        : caller_(std::move(caller)), closed_(std::move(closed)) {}

    // Lets the caller speak; what it says first waits for the agent.
    void begin();
    // The agent has come. False: too late, or not the first.
    bool attach(std::shared_ptr<ExecAgent> agent);
    bool is_attached() const;

    // By the caller's end.
    void take_input(v1::ExecInput input);
    void output_written();
    void caller_gone();

    // By the agent's end.
    void take_output(v1::ExecOutput output);
    void input_written();
    void agent_gone();

    // The first end counts; both ends hear of it.
    void close(ExecResult result, const Status& status);

private:
    mutable std::mutex mutex_;
    std::shared_ptr<ExecCaller> caller_;  // none when it is over
    std::shared_ptr<ExecAgent> agent_;
    Closed closed_;
    std::optional<v1::ExecInput> early_input_;
    bool has_started_ = false;
    bool has_ended_ = false;
    bool is_over_ = false;
};

}  // namespace gusu::service
