#include "agent/daemon/link.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <utility>

#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

using google::protobuf::util::TimeUtil;

// Where no scheduler has said within which time agents come back.
constexpr Link::Clock::duration kUsualPause = std::chrono::seconds(2);
constexpr Link::Clock::duration kFirstPause = std::chrono::milliseconds(100);
// A leader is replaced within seconds. Who finds none for longer need not look so often any more.
constexpr auto kEager = std::chrono::seconds(30);
constexpr Link::Clock::duration kPatientPause = std::chrono::seconds(2);
// Who has not taken this agent in by then is not there, or cannot: the next one is asked.
constexpr auto kWelcome = std::chrono::seconds(10);
// A scheduler that answers no heartbeat for so many is not there, whatever the network says.
constexpr int kMissedHeartbeats = 3;

}  // namespace

Link::Link(Timers& timers, LinkNetwork& network, LinkUser& user, std::uint32_t seed)
    : timers_(timers),
      network_(network),
      user_(user),
      longest_pause_(kUsualPause),
      pause_(kFirstPause),
      chance_(seed) {}

Link::~Link() {
    if (stream_ != nullptr) {
        stream_->cancel_and_wait();
    }
}

void Link::open() {
    stream_ = network_.next_stream(*this);
    hello_sent_ = timers_.since_boot();
    stream_->open(user_.hello());
    timers_.after(kWelcome, [this, stream = std::weak_ptr(stream_)] {
        if (stream_ != nullptr && stream.lock() == stream_ && !welcomed_) {
            end("it has not taken the node in within 10 s");
        }
    });
}

void Link::send(v1::ConnectRequest request, Timers::Callback sent) {
    check(welcomed_, "messages are sent on a welcomed stream");
    stream_->send(std::move(request), std::move(sent));
}

void Link::take(const std::shared_ptr<LinkStream>& stream, const v1::ConnectResponse& response) {
    if (stream != stream_) {
        return;
    }
    heard_at_ = timers_.now();
    if (response.has_confirm_hello()) {
        v1::ConnectRequest confirmed;
        confirmed.mutable_hello_confirmed();
        stream_->send(std::move(confirmed), nullptr);
        return;
    }
    if (response.has_welcome()) {
        welcome(response.welcome());
        return;
    }
    user_.heard(heard_by(response));
    if (const Status done = user_.received(response); !done) {
        end(done.error().message);
    }
}

// A message may have been under way for long. What is certain is that the scheduler had heard
// Hello, and the heartbeat that it names.
Duration Link::heard_by(const v1::ConnectResponse& response) const {
    if (!tells_heard_) {
        return timers_.since_boot();
    }
    return std::max(hello_sent_, Duration(response.desired().heard_ms()));
}

void Link::welcome(const v1::Welcome& welcome) {
    if (!user_.welcomed(welcome)) {
        end("the leadership of this scheduler is over");
        return;
    }
    welcomed_ = true;
    tells_heard_ = welcome.tells_heard();
    said_.clear();
    if (welcome.has_reconnect_within()) {
        longest_pause_ = std::chrono::milliseconds(std::max<std::int64_t>(
            1, TimeUtil::DurationToMilliseconds(welcome.reconnect_within())));
    }
    user_.heard(hello_sent_);
    heartbeat_every_ = std::chrono::milliseconds(
        std::max<std::int64_t>(1, TimeUtil::DurationToMilliseconds(welcome.heartbeat_every())));
    spdlog::info("in touch scheduler={} epoch={}", stream_->target(), welcome.epoch());
    timers_.after(heartbeat_every_, [this, stream = std::weak_ptr(stream_)] { beat(stream); });
}

void Link::beat(const std::weak_ptr<LinkStream>& stream) {
    if (stream_ == nullptr || stream.lock() != stream_) {
        return;
    }
    if (timers_.now() - heard_at_ > kMissedHeartbeats * heartbeat_every_) {
        end("the scheduler answers no heartbeat");
        return;
    }
    v1::ConnectRequest request;
    request.mutable_heartbeat()->set_sent_ms(timers_.since_boot().count());
    send(std::move(request));
    timers_.after(heartbeat_every_, [this, stream] { beat(stream); });
}

// over() follows.
void Link::end(const std::string& why) {
    spdlog::warn("stream given up scheduler={} reason={}", stream_->target(), why);
    stream_->cancel();
}

void Link::over(const std::shared_ptr<LinkStream>& stream, const Error& error) {
    if (stream != stream_) {
        return;
    }
    stream_.reset();
    const bool was_welcomed = std::exchange(welcomed_, false);
    if (was_welcomed) {
        parted_at_ = timers_.now();
        pause_ = longest_pause_;
    }
    if (std::string& said = said_[stream->target()]; was_welcomed || error.message != said) {
        spdlog::warn("out of touch scheduler={} reason={}", stream->target(), error.message);
        said = error.message;
    }
    user_.parted();
    timers_.after(next_pause(), [this] { open(); });
}

// Agents that lost the same scheduler do not all come back at once: from the first try on they are
// spread over the whole time that it has named. Those that start, and know of none, come soon.
Link::Clock::duration Link::next_pause() {
    const bool is_patient = timers_.now() - parted_at_ > kEager;
    const auto longest = is_patient ? std::max(longest_pause_, kPatientPause) : longest_pause_;
    pause_ = std::min(pause_, longest);
    const auto most = std::chrono::duration_cast<std::chrono::milliseconds>(pause_).count();
    pause_ = std::min(pause_ * 2, longest);
    std::uniform_int_distribution<std::int64_t> any(1, most);
    return std::chrono::milliseconds(any(chance_));
}

}  // namespace gusu::agent
