// The agent's one stream to the scheduler: kept open, to whichever scheduler takes it. The network
// is given from outside; everything here happens on the loop's thread.
#pragma once

#include <map>
#include <memory>
#include <random>
#include <string>

#include "agent/daemon/timers.h"
#include "gusu/v1/agent_service.pb.h"
#include "scheduler/base/result.h"

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
    // The scheduler has heard this agent at the earliest then, by since_boot().
    virtual void heard(Duration at) = 0;
    virtual void parted() = 0;
};

// A stream under way. Passes what comes to Link::take(), its end to Link::over(), on the loop's
// thread.
class LinkStream {
public:
    virtual ~LinkStream() = default;
    virtual const std::string& target() const = 0;
    virtual void open(v1::Hello hello) = 0;
    // `sent` is called when the message has left, unless the stream ends.
    virtual void send(v1::ConnectRequest request, Timers::Callback sent) = 0;
    // over() follows.
    virtual void cancel() = 0;
    // For the end of the agent: nothing of it is under way afterwards.
    virtual void cancel_and_wait() = 0;
};

class Link;

class LinkNetwork {
public:
    virtual ~LinkNetwork() = default;
    // To the next of the schedulers, round and round.
    virtual std::shared_ptr<LinkStream> next_stream(Link& link) = 0;
};

class Link {
public:
    using Clock = Timers::Clock;

    // `seed` is of the pauses between tries.
    Link(Timers& timers, LinkNetwork& network, LinkUser& user, std::uint32_t seed);
    // Waits for the stream to be over.
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    void open();
    // From Welcome until the stream ends.
    bool is_welcomed() const { return welcomed_; }
    // Only while is_welcomed(). `sent` is called when the message has left, unless the stream ends.
    void send(v1::ConnectRequest request, Timers::Callback sent = nullptr);

    // By the streams.
    void take(const std::shared_ptr<LinkStream>& stream, const v1::ConnectResponse& response);
    void over(const std::shared_ptr<LinkStream>& stream, const Error& error);

private:
    void welcome(const v1::Welcome& welcome);
    Duration heard_by(const v1::ConnectResponse& response) const;
    void beat(const std::weak_ptr<LinkStream>& stream);
    void end(const std::string& why);
    Clock::duration next_pause();

    Timers& timers_;
    LinkNetwork& network_;
    LinkUser& user_;
    std::shared_ptr<LinkStream> stream_;
    bool welcomed_ = false;
    bool tells_heard_ = false;
    Duration hello_sent_{0};
    Clock::duration heartbeat_every_{};
    Clock::time_point heard_at_;
    Clock::time_point parted_at_;
    Clock::duration longest_pause_;
    Clock::duration pause_;
    std::map<std::string, std::string> said_;  // the last error of each scheduler
    std::minstd_rand chance_;
};

}  // namespace gusu::agent
