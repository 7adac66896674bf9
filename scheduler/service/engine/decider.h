// The engine's decisions, without its threads: a batch of commands becomes events, and what may
// leave the process once they are durable.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scheduler/service/engine/command_port.h"
#include "scheduler/store/journal.h"

namespace gusu::service {

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

    bool is_nothing() const;
    void durable();
    // Callers are told to ask again; the events stay, and so does what listeners do about them.
    void refuse(const Error& why);
};

class Decider {
public:
    explicit Decider(core::Retention retention) : scheduler_(retention) {}

    core::Scheduler& scheduler() { return scheduler_; }
    const core::Scheduler& scheduler() const { return scheduler_; }
    // Before the first batch.
    void listen(Listener listener) { listeners_.push_back(std::move(listener)); }

    // Takes leadership. What it decides must be durable before anything else is decided.
    Result<Decided> lead(const std::vector<core::Command>& commands, Time now);

    enum class Look { AtWhatChanged, AtEverything };
    struct Occasion {
        Time now;
        std::string trouble = {};  // why the journal cannot be written; empty while it can
        Look look = Look::AtWhatChanged;
    };
    // In trouble nothing new is decided: clients are refused, what agents say is noted, reads go
    // on.
    Decided decide(std::vector<Work> work, const Occasion& occasion);
    // Jobs that the look at everything has started, and that earlier steps have missed; none if the
    // last batch was decided without it.
    std::optional<int> missed() const { return missed_; }

private:
    void do_work(Work& work, const Occasion& occasion, Decided& decided);
    void step(const Occasion& occasion, Decided& decided);
    void happened(const core::Events& events, Decided& decided);

    core::Scheduler scheduler_;
    std::vector<Listener> listeners_;
    std::optional<int> missed_;
};

}  // namespace gusu::service
