// One agent's stream as gRPC gives it: one read and one write at a time, an outbound queue, an end.
// What is said over it is decided in AgentLinks.
#pragma once

#include <grpcpp/support/server_callback.h>

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

class AgentStream final : public grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse>,
                          public std::enable_shared_from_this<AgentStream> {
public:
    using Steady = std::chrono::steady_clock;

    // `peer` is the common name of the certificate, empty without one.
    AgentStream(AgentLinks& links, std::string peer) : links_(links), peer_(std::move(peer)) {}

    // Reads the first message, and goes on by itself.
    void open() { StartRead(&request_); }

    const std::string& peer() const { return peer_; }

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

private:
    void OnReadDone(bool ok) override;
    void OnWriteDone(bool ok) override;
    void OnCancel() override;
    void OnDone() override;

    void read_next();
    void write_next();
    bool compose();
    void operation_over();

    AgentLinks& links_;
    const std::string peer_;
    std::string session_;
    std::uint64_t next_ticket_ = 0;
    v1::ConnectRequest request_;
    v1::ConnectResponse response_;

    mutable std::mutex mutex_;
    Steady::time_point heard_ = Steady::now();
    bool joining_ = false;
    bool welcomed_ = false;
    bool writing_ = false;
    bool read_paused_ = false;
    // Operations that Finish() waits for, because they are started outside of gRPC's callbacks.
    int operations_ = 0;
    bool heartbeat_unanswered_ = false;
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
