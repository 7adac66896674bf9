// One stream between an agent and the scheduler: the production classes of both ends over the
// simulated network.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "agent/daemon/link.h"
#include "scheduler/service/agents/agent_stream.h"
#include "tools/sim/faults/simulated_network.h"

namespace gusu::faults {

class SimulatedConnection;

// The scheduler's end.
class SimulatedAgentStream final : public service::AgentStream {
public:
    SimulatedAgentStream(service::AgentLinks& links, const std::string& node,
                         std::shared_ptr<SimulatedConnection> connection);

    // A message has come; it waits until it is read.
    void arrive(v1::ConnectRequest message);
    // The connection is broken.
    void broken();
    // The process is gone: nothing is said to anybody, and the links have nothing to wait for.
    void vanish();
    bool is_done() const { return done_; }

private:
    Steady::time_point now() const override;
    void start_read(v1::ConnectRequest& into) override;
    void start_write(const v1::ConnectResponse& message) override;
    void end_stream(const grpc::Status& status) override;
    void give_next();
    void later(void (SimulatedAgentStream::*what)());
    void write_over() { write_done(true); }
    void over();

    std::shared_ptr<SimulatedConnection> connection_;
    std::deque<v1::ConnectRequest> arrived_;
    v1::ConnectRequest* reading_ = nullptr;
    bool ended_ = false;
    bool broken_ = false;
    bool done_ = false;
};

// Where an agent's process hears what comes for it.
class AgentSide {
public:
    virtual ~AgentSide() = default;
    virtual void deliver(const std::shared_ptr<agent::LinkStream>& stream,
                         v1::ConnectResponse message) = 0;
    virtual void over(const std::shared_ptr<agent::LinkStream>& stream, const Error& why) = 0;
    virtual bool may(const char* effect) = 0;
};

// Where a scheduler's process takes new connections.
class SchedulerSide {
public:
    virtual ~SchedulerSide() = default;
    // nullptr: nobody listens.
    virtual std::shared_ptr<SimulatedAgentStream> accept(
        const std::string& node, const std::shared_ptr<SimulatedConnection>& connection) = 0;
    virtual bool may(const char* effect) = 0;
};

class SimulatedConnection final : public std::enable_shared_from_this<SimulatedConnection> {
public:
    SimulatedConnection(Life& life, SimulatedNetwork& network, int node)
        : life_(life), network_(network), node_(node) {}

    Life& life() { return life_; }
    const std::string& peer() const { return peer_; }

    void open(const std::string& peer, SchedulerSide& scheduler, AgentSide& agent,
              const std::weak_ptr<agent::LinkStream>& stream);
    void to_scheduler(v1::ConnectRequest message);
    void to_agent(const v1::ConnectResponse& message);
    // The process behind the door; it alone may send.
    void served_by(SchedulerSide& scheduler) { scheduler_ = &scheduler; }

    // Until then the scheduler's process takes and says nothing.
    void scheduler_goes_on_at(Duration time) {
        scheduler_goes_on_ = std::max(scheduler_goes_on_, time);
    }
    Duration scheduler_goes_on() const { return scheduler_goes_on_; }

    // One end says that it is over, and the other hears of it once the network lets it.
    void agent_ends();
    void scheduler_ends(const std::string& why);
    // A process or a whole machine is gone. Without a machine nobody tells the other end.
    enum class Silence { No, Yes };
    void agent_vanishes(Silence silence);
    void scheduler_vanishes();
    // Both ends notice; what is under way is lost.
    void reset();
    // Neither notices, until its keepalive is not answered: nothing arrives any more.
    void lose();
    bool over() const {
        const bool is_done = scheduler_end_ == nullptr || scheduler_end_->is_done();
        return agent_over_ && scheduler_over_ && is_done;
    }

private:
    void pass(Way way, SimulatedTime::Callback deliver);
    void arrive_at_scheduler(const v1::ConnectRequest& message);
    void arrive_at_agent(const v1::ConnectResponse& message);
    void agent_hears_end(const std::string& why);
    void scheduler_hears_end();

    Life& life_;
    SimulatedNetwork& network_;
    const int node_;
    std::string peer_;
    SchedulerSide* scheduler_ = nullptr;
    AgentSide* agent_ = nullptr;  // nullptr once its process is gone
    std::weak_ptr<agent::LinkStream> agent_end_;
    std::shared_ptr<SimulatedAgentStream> scheduler_end_;
    std::array<Duration, 2> last_arrival_{};
    Duration scheduler_goes_on_{0};
    bool agent_over_ = false;
    bool scheduler_over_ = false;
    bool cut_ = false;  // what is under way no longer arrives
};

// The agent's end.
class SimulatedLinkStream final : public agent::LinkStream,
                                  public std::enable_shared_from_this<SimulatedLinkStream> {
public:
    SimulatedLinkStream(std::shared_ptr<SimulatedConnection> connection, std::string node,
                        SchedulerSide& scheduler, AgentSide& agent)
        : connection_(std::move(connection)),
          node_(std::move(node)),
          scheduler_(scheduler),
          agent_(agent) {}

    const std::string& target() const override { return target_; }
    void open(v1::Hello hello) override;
    void send(v1::ConnectRequest request, agent::Timers::Callback sent) override;
    void cancel() override;
    void cancel_and_wait() override {}

private:
    std::shared_ptr<SimulatedConnection> connection_;
    const std::string node_;
    const std::string target_ = "scheduler:0";
    SchedulerSide& scheduler_;
    AgentSide& agent_;
};

}  // namespace gusu::faults
