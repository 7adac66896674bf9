// One agent's stream, without the network below it: one read and one write at a time, an outbound
// queue, an end. What is said over it is decided in AgentLinks; GrpcAgentStream carries it.
#pragma once

#include <grpcpp/support/status.h>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "gusu/v1/agent_service.pb.h"
#include "scheduler/base/ids.h"
#include "scheduler/base/time.h"
#include "scheduler/service/agents/node_orders.h"

namespace gusu::service {

class AgentLinks;

class AgentStream : public std::enable_shared_from_this<AgentStream> {
public:
    using Steady = std::chrono::steady_clock;

    // `peer` is the common name of the certificate, empty without one.
    AgentStream(AgentLinks& links, std::string peer, Steady::time_point now)
        : links_(links), peer_(std::move(peer)), heard_(now) {}
    virtual ~AgentStream() = default;
    AgentStream(const AgentStream&) = delete;
    AgentStream& operator=(const AgentStream&) = delete;

    // Reads the first message, and goes on by itself.
    void open() { start_read(request_); }

    const std::string& peer() const { return peer_; }
    // Among all streams of these links, in the order in which they were opened.
    void set_number(std::uint64_t number) { number_ = number; }
    std::uint64_t number() const { return number_; }

    // The session under which the core knows this stream; unlike the agent's own it is never used
    // twice. Set once, by the Hello.
    void set_session(std::string session) { session_ = std::move(session); }
    const std::string& session() const { return session_; }

    // The JoinNode is on its way to the engine: contact with the node must be given up when this
    // ends. False if it has ended already.
    bool joining();

    // Any thread. What comes after finish() is dropped.
    void welcome(v1::Welcome welcome);
    void send(v1::ConnectResponse response);  // not of Welcome or Desired
    // Orders leave in the order of their tickets, from 0, however they come.
    void deliver(std::uint64_t ticket, Orders orders);
    // On the engine's thread, as the order is decided.
    std::uint64_t next_ticket() { return next_ticket_++; }

    // The first call counts.
    void finish(const grpc::Status& status);
    bool over() const;

    // One more, or one less, batch of observations that is not durable yet. Reading pauses when
    // there are many.
    void observation_posted();
    void observation_durable();

    struct Patience {
        Duration for_hello{0};
        Duration for_heartbeat{0};
    };
    // Finishes a stream that has been silent for longer.
    void check_silence(Steady::time_point now, const Patience& patience);
    Steady::time_point last_heard() const;

protected:
    // What the network answers to the three calls below it.
    void read_done(bool ok);
    void write_done(bool ok);
    void cancelled() { finish(grpc::Status::CANCELLED); }
    // The last call: nothing of the network's holds the stream any more.
    void done();

private:
    virtual Steady::time_point now() const = 0;
    // One of each at a time; the message stays where it is until it is done.
    virtual void start_read(v1::ConnectRequest& into) = 0;
    virtual void start_write(const v1::ConnectResponse& message) = 0;
    // Once, when nothing is being written. A read may be under way, and fails.
    virtual void end_stream(const grpc::Status& status) = 0;

    void read_next();
    void write_next();
    bool compose();
    void operation_over();

    AgentLinks& links_;
    const std::string peer_;
    std::uint64_t number_ = 0;
    std::string session_;
    std::uint64_t next_ticket_ = 0;
    v1::ConnectRequest request_;
    v1::ConnectResponse response_;

    mutable std::mutex mutex_;
    Steady::time_point heard_;
    bool joining_ = false;
    bool welcomed_ = false;
    bool writing_ = false;
    bool read_paused_ = false;
    // Operations that Finish() waits for, because they are started outside of gRPC's callbacks.
    int operations_ = 0;
    bool heartbeat_unanswered_ = false;
    std::int64_t heartbeat_sent_ms_ = 0;
    int observations_posted_ = 0;
    std::optional<grpc::Status> end_;
    std::deque<v1::ConnectResponse> notes_;  // before orders
    std::map<std::uint64_t, Orders> early_;  // wait for lower tickets
    std::uint64_t tickets_due_ = 0;
    std::deque<Order> orders_;
    std::uint64_t sequence_ = 0;
    std::uint64_t epoch_ = 0;
};

}  // namespace gusu::service
