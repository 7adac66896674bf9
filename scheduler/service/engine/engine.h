// The engine: one thread decides, one writes the journal, and nothing leaves before it is durable.
//
// The engine thread takes all that waits, decides it in order at one time, runs a scheduling step
// and hands the batch to the journal thread, which makes all batches waiting there durable in one
// transaction (group commit) and then releases what hangs on them. While it syncs, the next batch
// is being decided.
//
// If the journal cannot be written (a full disk), commands of clients are refused with Unavailable,
// reads go on, running jobs too, and what has been decided is tried again every second until it is
// durable.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "scheduler/core/scheduler.h"
#include "scheduler/service/engine/engine_clock.h"
#include "scheduler/store/journal.h"

namespace gusu::service {

// Called exactly once, on the journal thread (or the engine's): with Done when all it hangs on is
// durable, else with the reason why the caller must be told to try again.
using Release = std::function<void(const Status& durable)>;

// Who sent a command: people are told to come back while the journal cannot be written; what agents
// say has happened already, and waits.
enum class Sender { Client, Agent };

struct EngineOptions {
    core::Retention retention;
    Duration lease{60'000};  // of agents
    core::Policy policy;
    // Seconds, for histograms. Called on the engine's and the journal's thread.
    std::function<void(double)> pass_took = [](double) {};
    std::function<void(double)> commit_took = [](double) {};
    // A look at everything that waits, now and then, and how many jobs it started that the steps
    // should have started before.
    std::chrono::seconds full_pass_every{60};
    std::function<void(int)> full_pass_started = [](int) {};
};

class Engine {
public:
    Engine(store::Journal& journal, EngineOptions options);
    ~Engine();

    // Runs on the engine thread after each command, while the state is as the command left it.
    using Prepare = std::function<Release(core::Scheduler&, const Result<core::Events>&, Time now)>;
    // Runs on the engine thread. What it returns is released after all that was decided before.
    using Read = std::function<Release(core::Scheduler&, Time now)>;
    // Sees the events of every batch after they are applied. Its release is only ever called with
    // Done. May return an empty function.
    using Listener = std::function<Release(core::Scheduler&, const core::Events&, Time now)>;

    // Before start().
    void listen(Listener listener) { listeners_.push_back(std::move(listener)); }

    // Replays the journal, takes leadership and begins to decide. Returns when that is durable.
    Status start(const std::vector<core::Accelerator>& catalogue);
    // What was posted before is decided, made durable and released; what comes later is refused.
    void stop();

    // Any thread.
    void post(core::Command command, Sender sender, Prepare prepare);
    void read(Read read);
    // Empty while all is well; else why the journal cannot be written.
    std::string trouble() const;
    std::uint64_t epoch() const { return epoch_; }

private:
    struct Work {
        std::optional<core::Command> command;  // none: a read
        Sender sender = Sender::Client;
        Prepare prepare;
        Read read;
    };
    // A decided batch on its way to the journal.
    struct Decided {
        store::Batch batch;
        std::vector<Release> releases;         // of callers
        std::vector<Release> effects;          // of listeners
        std::optional<core::Events> snapshot;  // to be written after the batch
    };

    void decide_forever();
    std::vector<Work> wait_for_work();
    Decided decide(std::vector<Work> work);
    void do_work(Work& work, Time now, Decided& decided);
    void step(Time now, Decided& decided);
    void happened(const core::Events& events, Decided& decided);
    void hand_over(Decided decided);

    void write_forever();
    void write(std::vector<Decided> decided);
    bool append(std::vector<Decided>& decided);
    void set_trouble(const std::string& why);

    store::Journal& journal_;
    EngineOptions options_;
    core::Scheduler scheduler_;
    EngineClock clock_;
    std::chrono::steady_clock::time_point last_full_pass_ = std::chrono::steady_clock::now();
    std::vector<Listener> listeners_;
    std::uint64_t epoch_ = 0;

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

    std::thread decider_;
    std::thread writer_;
};

}  // namespace gusu::service
