// Where commands go to be decided, and how what hangs on them is let go when it is durable.
#pragma once

#include <cstdint>
#include <functional>

#include "scheduler/core/scheduler.h"

namespace gusu::service {

// Called exactly once, on the journal thread (or the engine's): with Done when all it hangs on is
// durable, else with the reason why the caller must be told to try again.
using Release = std::function<void(const Status& durable)>;

// Who sent a command: people are told to come back while the journal cannot be written; what agents
// say has happened already, and waits.
enum class Sender { Client, Agent };

// Runs on the engine thread after each command, while the state is as the command left it.
using Prepare = std::function<Release(core::Scheduler&, const Result<core::Events>&, Time now)>;
// Runs on the engine thread. What it returns is released after all that was decided before.
using Read = std::function<Release(core::Scheduler&, Time now)>;
// Sees the events of every batch after they are applied. Its release is only ever called with
// Done. May return an empty function.
using Listener = std::function<Release(core::Scheduler&, const core::Events&, Time now)>;

class CommandPort {
public:
    virtual ~CommandPort() = default;
    // Any thread.
    virtual void post(core::Command command, Sender sender, Prepare prepare) = 0;
    // Before the first command.
    virtual void listen(Listener listener) = 0;
    virtual std::uint64_t epoch() const = 0;
};

}  // namespace gusu::service
