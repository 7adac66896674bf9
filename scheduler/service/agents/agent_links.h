// The agents in touch: their streams, what they say as commands to the engine, and what the engine
// decides as orders to them. Without threads and network of its own; SilenceWatch looks at the
// clock.
//
// The engine must have stopped, and the gRPC server too, before this is destroyed.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "scheduler/service/agents/agent_stream.h"
#include "scheduler/service/agents/exec_relay.h"
#include "scheduler/service/agents/log_relay.h"
#include "scheduler/service/agents/node_orders.h"
#include "scheduler/service/agents/starting_notes.h"
#include "scheduler/service/engine/command_port.h"

namespace gusu::service {

struct LinkOptions {
    // An agent out of touch for so long stops its tasks ...
    Duration lease{60'000};
    // ... and has made an end of them after so much more.
    Duration kill_time{30'000};
    Duration hello_within{10'000};
    ExecCounts execs = {};

    Duration heartbeat_every() const { return std::min(lease / 6, Duration(5'000)); }
    // Of so many nodes: some soon, thousands not all at once.
    Duration reconnect_within(std::size_t nodes) const;
};

class AgentLinks {
public:
    // Before the engine is started.
    AgentLinks(CommandPort& engine, LinkOptions options);
    ~AgentLinks();
    AgentLinks(const AgentLinks&) = delete;
    AgentLinks& operator=(const AgentLinks&) = delete;

    using Stream = std::shared_ptr<AgentStream>;
    // Keeps the stream until it is done, and lets it begin.
    void open(const Stream& stream);
    // Ends all streams, and every new one at once. Contact is not given up: agents come back to
    // whoever leads next.
    void shutdown();

    LogSource& logs() { return relay_; }
    const StartingNotes& starting() const { return starting_; }
    ExecRelay& execs() { return execs_; }
    // Passes the order on. Unavailable if the node is out of touch.
    Status check_devices(const std::string& node, v1::CheckDevices order) const;
    // When a node in touch was last heard of.
    std::optional<AgentStream::Steady::time_point> last_heard(const std::string& node) const;
    // Ends streams that have been silent for too long. To be called once a silence_tick().
    void check_silence(AgentStream::Steady::time_point now);
    Duration silence_tick() const;

    // By the streams.
    void said(const Stream& stream, const v1::ConnectRequest& request);
    void ended(const Stream& stream, bool was_joining);
    void done(AgentStream& stream);

private:
    void hello(const Stream& stream, const v1::Hello& hello);
    // Who has said Hello.
    using Observations = google::protobuf::RepeatedPtrField<v1::TaskObservation>;
    struct Newcomer {
        Stream stream;
        core::JoinNode join;
        Observations tasks;
    };
    void ask_to_confirm(Newcomer newcomer);
    void confirmed(const Stream& stream);
    void join(Newcomer newcomer);
    void post_join(const Stream& stream, core::JoinNode join);
    Release joined(const Stream& stream, const std::string& node, const core::State& state);
    void observed(const Stream& stream, const v1::Observed& observed);
    bool described(const Stream& stream, const v1::NodeInventory& inventory);
    void report_checkpoints(const Stream& stream, const Observations& tasks);
    void lose_contact(const Stream& stream);
    Release orders_of(const core::State& state, const core::Events& events);
    void greet(const Stream& stream, Orders full, Duration reconnect_within);
    Stream stream_of(const std::string& node) const;

    CommandPort& engine_;
    const LinkOptions options_;
    LogRelay relay_;
    StartingNotes starting_;
    ExecRelay execs_;

    // The engine's thread.
    NodeOrders orders_;
    std::map<NodeId, Stream> joined_;

    mutable std::mutex mutex_;
    std::condition_variable stream_done_;
    bool closing_ = false;
    std::uint64_t streams_opened_ = 0;
    std::map<std::uint64_t, Stream> streams_;    // all, by number, until gRPC is done with them
    std::map<std::string, Newcomer> newcomers_;  // by node: the last of each to say Hello
    std::map<std::string, Stream> welcomed_;     // by node
};

}  // namespace gusu::service
