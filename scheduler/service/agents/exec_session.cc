#include "scheduler/service/agents/exec_session.h"

#include <utility>

namespace gusu::service {

std::string to_text(ExecResult result) {
    switch (result) {
        case ExecResult::Exited:
            return "exited";
        case ExecResult::Refused:
            return "refused";
        case ExecResult::HungUp:
            return "hung_up";
        case ExecResult::Lost:
            return "lost";
    }
    return "lost";
}

void ExecSession::begin() {
    std::shared_ptr<ExecCaller> caller;
    {
        const std::lock_guard lock(mutex_);
        caller = caller_;
    }
    if (caller != nullptr) {
        caller->join(shared_from_this());
        caller->read_next();
    }
}

bool ExecSession::attach(std::shared_ptr<ExecAgent> agent) {
    std::optional<v1::ExecInput> early;
    {
        const std::lock_guard lock(mutex_);
        if (is_over_ || agent_ != nullptr) {
            return false;
        }
        agent_ = agent;
        early.swap(early_input_);
    }
    if (early) {
        agent->write(std::move(*early));
    }
    agent->read_next();
    return true;
}

bool ExecSession::is_attached() const {
    const std::lock_guard lock(mutex_);
    return agent_ != nullptr;
}

void ExecSession::take_input(v1::ExecInput input) {
    if (input.data().size() > kMostExecData) {
        close(ExecResult::HungUp,
              Error{ErrorCode::InvalidArgument,
                    "input.data has " + std::to_string(input.data().size()) +
                        " bytes; send at most " + std::to_string(kMostExecData) + " at a time"});
        return;
    }
    std::shared_ptr<ExecAgent> agent;
    {
        const std::lock_guard lock(mutex_);
        agent = agent_;
        if (agent == nullptr) {
            early_input_ = std::move(input);
            return;
        }
    }
    agent->write(std::move(input));
}

void ExecSession::input_written() {
    std::shared_ptr<ExecCaller> caller;
    {
        const std::lock_guard lock(mutex_);
        caller = caller_;
    }
    if (caller != nullptr) {
        caller->read_next();
    }
}

void ExecSession::take_output(v1::ExecOutput output) {
    std::shared_ptr<ExecCaller> caller;
    {
        const std::lock_guard lock(mutex_);
        caller = caller_;
        has_started_ = true;
        has_ended_ = has_ended_ || output.has_end();
    }
    if (caller != nullptr) {
        caller->write(std::move(output));
    }
}

void ExecSession::output_written() {
    std::shared_ptr<ExecAgent> agent;
    bool has_ended = false;
    {
        const std::lock_guard lock(mutex_);
        agent = agent_;
        has_ended = has_ended_;
    }
    if (has_ended) {
        close(ExecResult::Exited, Done{});
    } else if (agent != nullptr) {
        agent->read_next();
    }
}

void ExecSession::caller_gone() {
    close(ExecResult::HungUp, Error{ErrorCode::Unavailable, "who started it has gone"});
}

// What has ended has been told, and goes out to the caller.
void ExecSession::agent_gone() {
    bool has_started = false;
    {
        const std::lock_guard lock(mutex_);
        if (has_ended_) {
            return;
        }
        has_started = has_started_;
    }
    const char* const what = has_started ? "the agent of the node is gone, and the program with it"
                                         : "the agent of the node is gone; start the program again";
    close(ExecResult::Lost, Error{ErrorCode::FailedPrecondition, what});
}

void ExecSession::close(ExecResult result, const Status& status) {
    std::shared_ptr<ExecCaller> caller;
    std::shared_ptr<ExecAgent> agent;
    Closed closed;
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(is_over_, true)) {
            return;
        }
        caller.swap(caller_);
        agent.swap(agent_);
        closed.swap(closed_);
        early_input_.reset();
    }
    closed(result, status);
    caller->finish(status);
    if (agent != nullptr) {
        agent->finish(Done{});
    }
}

}  // namespace gusu::service
