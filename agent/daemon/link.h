// The agent's one stream to the scheduler: kept open, to whichever scheduler takes it. The stream's
// own threads only pass messages in and out; everything below happens on the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "agent/daemon/event_loop.h"
#include "gusu/v1/agent_service.grpc.pb.h"
#include "proto/rpc/channel.h"

namespace gusu::agent {

// Who answers the scheduler.
class LinkUser {
public:
    virtual ~LinkUser() = default;
    virtual v1::Hello hello() = 0;
    // False refuses a scheduler whose leadership is over.
    virtual bool welcomed(const v1::Welcome& welcome) = 0;
    // An error ends the stream, so that the scheduler says everything again on the next.
    virtual Status received(const v1::ConnectResponse& response) = 0;
    // Any message has come: the scheduler is there.
    virtual void heard() = 0;
    virtual void parted() = 0;
};

class Link {
public:
    using Clock = EventLoop::Clock;

    Link(EventLoop& loop, const std::vector<rpc::Endpoint>& schedulers, LinkUser& user);
    // Waits for the stream to be over.
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    void open();
    // From Welcome until the stream ends.
    bool is_welcomed() const { return welcomed_; }
    // Only while is_welcomed(). `sent` is called when the message has left, unless the stream ends.
    void send(v1::ConnectRequest request, EventLoop::Callback sent = nullptr);

private:
    class Stream;

    void take(const std::shared_ptr<Stream>& stream, const v1::ConnectResponse& response);
    void welcome(const v1::Welcome& welcome);
    void beat(const std::weak_ptr<Stream>& stream);
    void end(const std::string& why);
    void over(const std::shared_ptr<Stream>& stream, const Error& error);
    Clock::duration next_pause();

    EventLoop& loop_;
    std::vector<std::shared_ptr<grpc::Channel>> channels_;
    std::vector<std::string> targets_;
    LinkUser& user_;
    std::size_t next_ = 0;
    std::shared_ptr<Stream> stream_;
    bool welcomed_ = false;
    Clock::duration heartbeat_every_{};
    Clock::time_point heard_at_;
    Clock::duration pause_;
    std::string last_error_;
    std::minstd_rand chance_;
};

}  // namespace gusu::agent
