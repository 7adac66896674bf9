#include "agent/daemon/link.h"

#include <google/protobuf/util/time_util.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

constexpr Link::Clock::duration kFirstPause = std::chrono::milliseconds(100);
constexpr Link::Clock::duration kLongestPause = std::chrono::seconds(2);
// A scheduler that answers no heartbeat for so many is not there, whatever the network says.
constexpr int kMissedHeartbeats = 3;

}  // namespace

// One read and one write at a time; lives until gRPC is done with it and nobody else holds it.
class Link::Stream final : public grpc::ClientBidiReactor<v1::ConnectRequest, v1::ConnectResponse>,
                           public std::enable_shared_from_this<Stream> {
public:
    Stream(Link& link, std::shared_ptr<grpc::Channel> channel, std::string target)
        : link_(link),
          target_(std::move(target)),
          stub_(v1::AgentService::NewStub(std::move(channel))) {}

    const std::string& target() const { return target_; }

    void open(v1::Hello hello) {
        self_ = shared_from_this();
        stub_->async()->Connect(&context_, this);
        *request_.mutable_hello() = std::move(hello);
        is_writing_ = true;
        AddHold();
        StartWrite(&request_);
        StartRead(&response_);
        StartCall();
    }

    void cancel() { context_.TryCancel(); }

    void send(v1::ConnectRequest request, EventLoop::Callback sent) {
        const std::lock_guard lock(mutex_);
        queue_.emplace_back(std::move(request), std::move(sent));
        if (!is_writing_ && !is_closed_) {
            write_next();
        }
    }

    void wait_until_done() {
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
            link_.loop_.post(
                [&link = link_, self = shared_from_this(),
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
            link_.loop_.post(std::exchange(sent_, nullptr));
        }
        if (!is_closed_ && !queue_.empty()) {
            write_next();
        }
    }

    void OnDone(const grpc::Status& status) override {
        Error error = status.ok() ? Error{ErrorCode::Unavailable, "the scheduler ended the stream"}
                                  : rpc::to_error(status, target_);
        const auto self = std::move(self_);
        link_.loop_.post(
            [&link = link_, self, error = std::move(error)] { link.over(self, error); });
        const std::lock_guard lock(mutex_);
        is_done_ = true;
        done_.notify_all();
    }

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

Link::Link(EventLoop& loop, const std::vector<rpc::Endpoint>& schedulers, LinkUser& user)
    : loop_(loop), user_(user), pause_(kFirstPause), chance_(std::random_device()()) {
    for (const rpc::Endpoint& endpoint : schedulers) {
        channels_.push_back(rpc::open_channel(endpoint));
        targets_.push_back(endpoint.target);
    }
}

Link::~Link() {
    if (stream_ != nullptr) {
        stream_->cancel();
        stream_->wait_until_done();
    }
}

void Link::open() {
    stream_ = std::make_shared<Stream>(*this, channels_[next_], targets_[next_]);
    next_ = (next_ + 1) % channels_.size();
    stream_->open(user_.hello());
}

void Link::send(v1::ConnectRequest request, EventLoop::Callback sent) {
    check(welcomed_, "messages are sent on a welcomed stream");
    stream_->send(std::move(request), std::move(sent));
}

void Link::take(const std::shared_ptr<Stream>& stream, const v1::ConnectResponse& response) {
    if (stream != stream_) {
        return;
    }
    heard_at_ = Clock::now();
    if (response.has_welcome()) {
        welcome(response.welcome());
        return;
    }
    user_.heard();
    if (const Status done = user_.received(response); !done) {
        end(done.error().message);
    }
}

void Link::welcome(const v1::Welcome& welcome) {
    if (!user_.welcomed(welcome)) {
        end("the leadership of this scheduler is over");
        return;
    }
    welcomed_ = true;
    pause_ = kFirstPause;
    last_error_.clear();
    user_.heard();
    heartbeat_every_ = std::chrono::milliseconds(std::max<std::int64_t>(
        1, google::protobuf::util::TimeUtil::DurationToMilliseconds(welcome.heartbeat_every())));
    spdlog::info("in touch scheduler={} epoch={}", stream_->target(), welcome.epoch());
    loop_.after(heartbeat_every_, [this, stream = std::weak_ptr(stream_)] { beat(stream); });
}

void Link::beat(const std::weak_ptr<Stream>& stream) {
    if (stream_ == nullptr || stream.lock() != stream_) {
        return;
    }
    if (Clock::now() - heard_at_ > kMissedHeartbeats * heartbeat_every_) {
        end("the scheduler answers no heartbeat");
        return;
    }
    v1::ConnectRequest request;
    request.mutable_heartbeat();
    send(std::move(request));
    loop_.after(heartbeat_every_, [this, stream] { beat(stream); });
}

// over() follows.
void Link::end(const std::string& why) {
    spdlog::warn("stream given up scheduler={} reason={}", stream_->target(), why);
    stream_->cancel();
}

void Link::over(const std::shared_ptr<Stream>& stream, const Error& error) {
    if (stream != stream_) {
        return;
    }
    stream_.reset();
    const bool was_welcomed = std::exchange(welcomed_, false);
    if (was_welcomed || error.message != last_error_) {
        spdlog::warn("out of touch scheduler={} reason={}", stream->target(), error.message);
        last_error_ = error.message;
    }
    user_.parted();
    loop_.after(next_pause(), [this] { open(); });
}

// Agents that lost the same scheduler do not all come back at once.
Link::Clock::duration Link::next_pause() {
    const auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(pause_).count();
    pause_ = std::min(pause_ * 2, kLongestPause);
    std::uniform_int_distribution<std::int64_t> any(longest / 2, longest);
    return std::chrono::milliseconds(any(chance_));
}

}  // namespace gusu::agent
