// The engine: one thread decides, one writes the journal, and nothing leaves before it is durable.
//
// The engine thread takes all that waits, decides it in order at one time, runs a scheduling step
// and hands the batch to the journal thread, which makes all batches waiting there durable in one
// transaction (group commit) and then releases what hangs on them. While it syncs, the next batch
// is being decided.
//
// If the journal cannot be written (a full disk), commands of clients are refused with Unavailable,
// reads go on, running jobs too, and what has been decided is tried again every second until it is
// durable. If another scheduler leads by now, nothing is tried again: all that waits is told to ask
// there, and this engine is of no more use.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "scheduler/service/engine/decider.h"
#include "scheduler/service/engine/engine_clock.h"

namespace gusu::service {

struct EngineOptions {
    core::Retention retention;
    // After so long without a word from its agent nothing of a node's tasks is left.
    Duration lease{90'000};
    core::Policy policy;
    // Seconds, for histograms. Called on the engine's and the journal's thread.
    std::function<void(double)> pass_took = [](double) {};
    std::function<void(double)> commit_took = [](double) {};
    // A look at everything that waits, now and then, and how many jobs it started that the steps
    // should have started before.
    std::chrono::seconds full_pass_every{60};
    std::function<void(int)> full_pass_started = [](int) {};
    // Another scheduler leads. Called once, on the journal's thread.
    std::function<void()> deposed = [] {};
};

class Engine final : public CommandPort {
public:
    Engine(store::Journal& journal, EngineOptions options);
    ~Engine() override;

    using Prepare = service::Prepare;
    using Read = service::Read;
    using Listener = service::Listener;

    // Before start().
    void listen(Listener listener) override { decider_.listen(std::move(listener)); }

    // Applies what is in the journal and was not applied yet. Before start(), as often as one
    // likes: a scheduler that stands by keeps its state warm with it.
    Status follow();
    // Follows the journal to its end, takes leadership and begins to decide. Returns when that is
    // durable. Agents are waited for `longer` than their lease if they may still be in touch with a
    // leader before this one.
    Status start(const std::vector<core::Accelerator>& catalogue, Duration longer = Duration(0));
    // What was posted before is decided, made durable and released; what comes later is refused.
    void stop();

    // Any thread.
    void post(core::Command command, Sender sender, Prepare prepare) override;
    void read(Read read);
    // Empty while all is well; else why the journal cannot be written.
    std::string trouble() const;
    std::uint64_t epoch() const override { return epoch_; }

private:
    void decide_forever();
    std::vector<Work> wait_for_work();
    Decided decide(std::vector<Work> work);
    Decider::Look next_look() const;
    void hand_over(Decided decided);

    void write_forever();
    void write(std::vector<Decided> decided);
    bool append(std::vector<Decided>& decided);
    bool wait_to_try_again();
    void give_up(std::vector<Decided>& decided);
    void set_trouble(const std::string& why);

    store::Journal& journal_;
    EngineOptions options_;
    Decider decider_;
    EngineClock clock_;
    std::chrono::steady_clock::time_point last_full_pass_ = std::chrono::steady_clock::now();
    std::uint64_t epoch_ = 0;
    std::uint64_t followed_ = 0;  // the last record applied by follow()

    std::mutex work_mutex_;
    std::condition_variable work_came_;
    std::vector<Work> work_;
    bool stopping_ = false;

    std::mutex decided_mutex_;
    std::condition_variable decided_changed_;
    std::vector<Decided> decided_;
    bool no_more_ = false;

    mutable std::mutex trouble_mutex_;
    std::string trouble_;
    std::atomic<bool> in_trouble_ = false;
    std::atomic<bool> snapshot_due_ = false;
    bool is_deposed_ = false;  // of the journal's thread

    std::thread deciding_;
    std::thread writing_;
};

}  // namespace gusu::service
