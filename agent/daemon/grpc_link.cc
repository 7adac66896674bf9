#include "agent/daemon/grpc_link.h"

#include <grpcpp/client_context.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "gusu/v1/agent_service.grpc.pb.h"

namespace gusu::agent {

// One read and one write at a time; lives until gRPC is done with it and nobody else holds it.
class GrpcLinkNetwork::Stream final
    : public LinkStream,
      public grpc::ClientBidiReactor<v1::ConnectRequest, v1::ConnectResponse>,
      public std::enable_shared_from_this<GrpcLinkNetwork::Stream> {
public:
    Stream(EventLoop& loop, Link& link, const std::shared_ptr<grpc::Channel>& channel,
           std::string target)
        : loop_(loop),
          link_(link),
          target_(std::move(target)),
          stub_(v1::AgentService::NewStub(channel)) {}

    const std::string& target() const override { return target_; }

    void open(v1::Hello hello) override {
        self_ = shared_from_this();
        stub_->async()->Connect(&context_, this);
        *request_.mutable_hello() = std::move(hello);
        is_writing_ = true;
        AddHold();
        StartWrite(&request_);
        StartRead(&response_);
        StartCall();
    }

    void cancel() override { context_.TryCancel(); }

    void send(v1::ConnectRequest request, EventLoop::Callback sent) override {
        const std::lock_guard lock(mutex_);
        queue_.emplace_back(std::move(request), std::move(sent));
        if (!is_writing_ && !is_closed_) {
            write_next();
        }
    }

    void cancel_and_wait() override {
        cancel();
        std::unique_lock lock(mutex_);
        done_.wait(lock, [this] { return is_done_; });
    }

private:
    // Under the lock.
    void write_next() {
        request_ = std::move(queue_.front().first);
        sent_ = std::move(queue_.front().second);
        queue_.pop_front();
        is_writing_ = true;
        StartWrite(&request_);
    }

    void OnReadDone(bool ok) override {
        if (ok) {
            loop_.post([&link = link_, self = shared_from_this(),
                        response = std::exchange(response_, {})] { link.take(self, response); });
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

    void OnWriteDone(bool ok) override {
        const std::lock_guard lock(mutex_);
        is_writing_ = false;
        is_closed_ = is_closed_ || !ok;
        if (ok && sent_) {
            loop_.post(std::exchange(sent_, nullptr));
        }
        if (!is_closed_ && !queue_.empty()) {
            write_next();
        }
    }

    void OnDone(const grpc::Status& status) override {
        Error error = status.ok() ? Error{ErrorCode::Unavailable, "the scheduler ended the stream"}
                                  : rpc::to_error(status, target_);
        const auto self = std::move(self_);
        loop_.post([&link = link_, self, error = std::move(error)] { link.over(self, error); });
        const std::lock_guard lock(mutex_);
        is_done_ = true;
        done_.notify_all();
    }

    EventLoop& loop_;
    Link& link_;
    const std::string target_;
    std::unique_ptr<v1::AgentService::Stub> stub_;
    grpc::ClientContext context_;
    v1::ConnectRequest request_;
    v1::ConnectResponse response_;
    std::shared_ptr<Stream> self_;

    std::mutex mutex_;
    std::condition_variable done_;
    std::deque<std::pair<v1::ConnectRequest, EventLoop::Callback>> queue_;
    EventLoop::Callback sent_;
    bool is_writing_ = false;
    bool is_closed_ = false;
    bool is_done_ = false;
};

GrpcLinkNetwork::GrpcLinkNetwork(EventLoop& loop, const std::vector<rpc::Endpoint>& schedulers)
    : loop_(loop) {
    for (const rpc::Endpoint& endpoint : schedulers) {
        channels_.push_back(rpc::open_channel(endpoint));
        targets_.push_back(endpoint.target);
    }
}

std::shared_ptr<LinkStream> GrpcLinkNetwork::next_stream(Link& link) {
    current_ = next_;
    next_ = (next_ + 1) % channels_.size();
    return std::make_shared<Stream>(loop_, link, channels_[current_], targets_[current_]);
}

}  // namespace gusu::agent
