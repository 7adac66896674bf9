#include "proto/rpc/agent_stream.h"

namespace gusu::rpc {

void AgentStream::start(v1::Hello hello) {
    stub_->async()->Connect(&context_, this);
    *request_.mutable_hello() = std::move(hello);
    is_writing_ = true;
    AddHold();
    StartWrite(&request_);
    StartRead(&response_);
    StartCall();
}

void AgentStream::post(v1::ConnectRequest request, Sent sent) {
    const std::lock_guard lock(mutex_);
    queue_.emplace_back(std::move(request), std::move(sent));
    if (!is_writing_ && !is_closed_) {
        write_next();
    }
}

// Under the lock.
void AgentStream::write_next() {
    request_ = std::move(queue_.front().first);
    sent_ = std::move(queue_.front().second);
    queue_.pop_front();
    is_writing_ = true;
    StartWrite(&request_);
}

void AgentStream::OnReadDone(bool ok) {
    if (ok) {
        came(std::exchange(response_, {}));
        StartRead(&response_);
        return;
    }
    {
        // No write begins after this, so the hold may go.
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
    }
    RemoveHold();
}

void AgentStream::OnWriteDone(bool ok) {
    const std::lock_guard lock(mutex_);
    is_writing_ = false;
    is_closed_ = is_closed_ || !ok;
    if (ok && sent_) {
        std::exchange(sent_, nullptr)();
    }
    if (!is_closed_ && !queue_.empty()) {
        write_next();
    }
}

}  // namespace gusu::rpc
