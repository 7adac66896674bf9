#include "tools/bench/simulated_agent.h"

#include <utility>

#include "proto/rpc/agent_stream.h"
#include "proto/rpc/channel.h"

namespace gusu::bench {
namespace {

constexpr auto kConnectAgain = std::chrono::seconds(1);
constexpr int kKilled = 15;
constexpr std::int64_t kMemoryPerGpu = std::int64_t{64} << 30;
constexpr double kCpusPerGpu = 16;

}  // namespace

class SimulatedAgent::Stream final : public rpc::AgentStream {
public:
    explicit Stream(SimulatedAgent& agent) : AgentStream(agent.channel_), agent_(agent) {}

private:
    void came(v1::ConnectResponse response) override { agent_.received(response); }
    void ended(const grpc::Status& status) override {
        agent_.stream_over(status.ok() ? "the scheduler has ended the stream"
                                       : rpc::to_error(status).message);
    }

    SimulatedAgent& agent_;
};

SimulatedAgent::SimulatedAgent(SimulatedNode node, std::shared_ptr<grpc::Channel> channel,
                               AgentCounts& counts, WakeAt wake_at)
    : node_(std::move(node)),
      channel_(std::move(channel)),
      counts_(counts),
      wake_at_(std::move(wake_at)) {}

SimulatedAgent::~SimulatedAgent() {
    stop();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stream_ == nullptr; });
}

void SimulatedAgent::stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (stream_ != nullptr) {
        stream_->stop();
    }
}

void SimulatedAgent::tick(Clock::time_point now) {
    std::unique_ptr<Stream> past;
    const std::lock_guard lock(mutex_);
    past = std::move(past_);
    if (stopping_) {
        return;
    }
    if (stream_ == nullptr && now >= next_connect_) {
        connect();
    }
    while (!exits_.empty() && exits_.front().first <= now) {
        end(exits_.front().second, 0);
        exits_.pop_front();
    }
    flush();
    if (welcomed_ && now >= next_heartbeat_) {
        v1::ConnectRequest request;
        request.mutable_heartbeat();
        stream_->post(std::move(request));
        next_heartbeat_ = now + heartbeat_every_;
        wake_at_(next_heartbeat_);
    }
}

void SimulatedAgent::connect() {
    stream_ = std::make_unique<Stream>(*this);
    news_.Clear();
    stream_->start(hello());
}

v1::Hello SimulatedAgent::hello() const {
    v1::Hello hello;
    hello.set_node(node_.name);
    hello.set_boot_id("simulated");
    hello.set_session("simulated");
    hello.set_highest_epoch(highest_epoch_);
    v1::NodeInventory& inventory = *hello.mutable_inventory();
    inventory.set_address("127.0.0.1");
    inventory.set_cpus(kCpusPerGpu * node_.gpus);
    inventory.set_memory(kMemoryPerGpu * node_.gpus);
    inventory.add_runtimes("process");
    inventory.set_agent_version("simulated");
    (*inventory.mutable_labels())["simulated"] = "true";
    for (int i = 0; i < node_.gpus; ++i) {
        v1::Device& device = *inventory.add_devices();
        device.set_index(i);
        device.set_uuid("simulated-" + node_.name + "-" + std::to_string(i));
        device.set_accelerator(node_.accelerator);
        device.set_memory(kMemoryPerGpu);
        device.set_simulated(true);
        device.set_healthy(true);
        device.set_numa_node(-1);
    }
    for (const auto& [key, task] : tasks_) {
        v1::TaskObservation& seen = *hello.add_tasks();
        seen.mutable_key()->set_incarnation(key.first);
        seen.mutable_key()->set_task(key.second);
        seen.set_phase(task.phase);
        seen.set_signal(task.signal);
    }
    return hello;
}

void SimulatedAgent::received(const v1::ConnectResponse& response) {
    const std::lock_guard lock(mutex_);
    if (response.has_welcome()) {
        const auto& every = response.welcome().heartbeat_every();
        heartbeat_every_ =
            std::chrono::seconds(every.seconds()) + std::chrono::nanoseconds(every.nanos());
        welcomed_ = true;
        ++counts_.in_touch;
        ++counts_.connected;
        next_heartbeat_ = Clock::now() + heartbeat_every_;
        wake_at_(next_heartbeat_);
    } else if (response.has_desired()) {
        obey(response.desired());
        flush();
    } else if (response.has_log_read()) {
        refuse_read(response.log_read());
    }
}

// Called under the lock, like all below but stream_over().
void SimulatedAgent::obey(const v1::Desired& desired) {
    if (desired.epoch() < highest_epoch_) {
        return;
    }
    highest_epoch_ = desired.epoch();
    for (const v1::DesiredTask& task : desired.tasks()) {
        const Key key{task.key().incarnation(), task.key().task()};
        if (task.has_run()) {
            start(key);
        } else {
            end(key, kKilled);
        }
    }
    forget(desired);
}

void SimulatedAgent::start(const Key& key) {
    const auto [task, is_new] = tasks_.try_emplace(key);
    if (!is_new) {
        return;
    }
    ++counts_.launched;
    observe(key, task->second);
    const auto exit = Clock::now() + node_.task_time;
    if (node_.task_time == Clock::duration::zero()) {
        end(key, 0);
    } else {
        exits_.emplace_back(exit, key);
        wake_at_(exit);
    }
}

// A task that was never started is noted as ended, so that it never is.
void SimulatedAgent::end(const Key& key, int signal) {
    const auto found = signal == 0 ? tasks_.find(key) : tasks_.try_emplace(key).first;
    if (found == tasks_.end() || found->second.phase == v1::TASK_PHASE_EXITED) {
        return;
    }
    found->second = {.phase = v1::TASK_PHASE_EXITED, .signal = signal};
    ++(signal == 0 ? counts_.ended : counts_.stopped);
    observe(key, found->second);
}

void SimulatedAgent::forget(const v1::Desired& desired) {
    for (const v1::TaskKey& key : desired.removed()) {
        tasks_.erase({key.incarnation(), key.task()});
    }
    if (!desired.full()) {
        return;
    }
    std::map<Key, Task> listed;
    for (const v1::DesiredTask& task : desired.tasks()) {
        const auto known = tasks_.extract({task.key().incarnation(), task.key().task()});
        if (!known.empty()) {
            listed.emplace(known.key(), known.mapped());
        }
    }
    tasks_ = std::move(listed);
}

void SimulatedAgent::observe(const Key& key, const Task& task) {
    v1::TaskObservation& seen = *news_.add_tasks();
    seen.mutable_key()->set_incarnation(key.first);
    seen.mutable_key()->set_task(key.second);
    seen.set_phase(task.phase);
    seen.set_signal(task.signal);
}

// While there is no stream the news wait in tasks_ for the next Hello.
void SimulatedAgent::flush() {
    if (news_.tasks().empty() || !welcomed_) {
        return;
    }
    v1::ConnectRequest request;
    request.mutable_observed()->Swap(&news_);
    news_.Clear();
    stream_->post(std::move(request));
}

void SimulatedAgent::refuse_read(const v1::LogRead& read) {
    v1::ConnectRequest request;
    request.mutable_log_chunk()->set_read_id(read.read_id());
    request.mutable_log_chunk()->set_end(true);
    request.mutable_log_chunk()->set_error("a simulated task writes no log");
    stream_->post(std::move(request));
}

void SimulatedAgent::stream_over(const std::string& error) {
    {
        const std::lock_guard lock(counts_.mutex);
        counts_.last_error = error;
    }
    const std::lock_guard lock(mutex_);
    counts_.in_touch -= std::exchange(welcomed_, false) ? 1 : 0;
    past_ = std::move(stream_);
    next_connect_ = Clock::now() + kConnectAgain;
    if (!stopping_) {
        wake_at_(next_connect_);
    }
    changed_.notify_all();
}

}  // namespace gusu::bench
