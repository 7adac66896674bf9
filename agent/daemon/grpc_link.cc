#include "agent/daemon/grpc_link.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "proto/rpc/agent_stream.h"

namespace gusu::agent {

// Lives until gRPC is done with it and nobody else holds it.
class GrpcLinkNetwork::Stream final : public LinkStream,
                                      public rpc::AgentStream,
                                      public std::enable_shared_from_this<GrpcLinkNetwork::Stream> {
public:
    Stream(EventLoop& loop, Link& link, const std::shared_ptr<grpc::Channel>& channel,
           std::string target)
        : AgentStream(channel), loop_(loop), link_(link), target_(std::move(target)) {}

    const std::string& target() const override { return target_; }

    void open(v1::Hello hello) override {
        self_ = shared_from_this();
        start(std::move(hello));
    }

    void cancel() override { stop(); }

    void send(v1::ConnectRequest request, EventLoop::Callback sent) override {
        if (sent) {
            post(std::move(request), [this, sent = std::move(sent)] { loop_.post(sent); });
        } else {
            post(std::move(request));
        }
    }

    void cancel_and_wait() override {
        cancel();
        std::unique_lock lock(mutex_);
        done_.wait(lock, [this] { return is_done_; });
    }

private:
    void came(v1::ConnectResponse response) override {
        loop_.post([&link = link_, self = shared_from_this(), response = std::move(response)] {
            link.take(self, response);
        });
    }

    void ended(const grpc::Status& status) override {
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
    std::shared_ptr<Stream> self_;

    std::mutex mutex_;
    std::condition_variable done_;
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
