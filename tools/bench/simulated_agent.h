// A simulated agent: the real protocol, no machine behind it. Its tasks run by pretending.
#pragma once

#include <grpcpp/channel.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "gusu/v1/agent_service.grpc.pb.h"
#include "tools/bench/report.h"

namespace gusu::bench {

struct SimulatedNode {
    std::string name;
    std::string accelerator;
    int gpus = 8;
    Clock::duration task_time{};  // from start to exit
};

// Of all agents together.
struct AgentCounts {
    std::atomic<std::int64_t> in_touch = 0;
    std::atomic<std::int64_t> connected = 0;  // streams that were welcomed
    std::atomic<std::int64_t> launched = 0;
    std::atomic<std::int64_t> ended = 0;
    std::atomic<std::int64_t> stopped = 0;
    std::mutex mutex;
    std::string last_error;  // of a stream that ended
};

class SimulatedAgent {
public:
    // Wakes the agent's owner: tick() is due at this time.
    using WakeAt = std::function<void(Clock::time_point)>;

    SimulatedAgent(SimulatedNode node, std::shared_ptr<grpc::Channel> channel, AgentCounts& counts,
                   WakeAt wake_at);
    // Waits for the stream to be over.
    ~SimulatedAgent();
    SimulatedAgent(const SimulatedAgent&) = delete;
    SimulatedAgent& operator=(const SimulatedAgent&) = delete;

    // Connects where there is no stream, ends tasks that are due, sends heartbeats.
    void tick(Clock::time_point now);
    void stop();

private:
    class Stream;
    struct Task {
        v1::TaskPhase phase = v1::TASK_PHASE_RUNNING;
        int signal = 0;
    };
    using Key = std::pair<std::uint64_t, int>;

    void connect();
    void received(const v1::ConnectResponse& response);
    void obey(const v1::Desired& desired);
    void start(const Key& key);
    void end(const Key& key, int signal);
    void forget(const v1::Desired& desired);
    void observe(const Key& key, const Task& task);
    void flush();
    void refuse_read(const v1::LogRead& read);
    void stream_over(const std::string& error);
    v1::Hello hello() const;

    const SimulatedNode node_;
    const std::shared_ptr<grpc::Channel> channel_;
    AgentCounts& counts_;
    const WakeAt wake_at_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::unique_ptr<Stream> stream_;
    std::unique_ptr<Stream> past_;  // over, not destroyed yet
    bool stopping_ = false;
    bool welcomed_ = false;
    Clock::duration heartbeat_every_{};
    Clock::time_point next_heartbeat_;
    Clock::time_point next_connect_;
    std::uint64_t highest_epoch_ = 0;
    std::map<Key, Task> tasks_;
    std::deque<std::pair<Clock::time_point, Key>> exits_;  // in the order of their times
    v1::Observed news_;
};

}  // namespace gusu::bench
