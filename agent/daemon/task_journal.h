// The agent's own journal: which tasks it was told to start on this boot of the machine, and what
// became of them. A task is in it, on disk, before its program is started.
#pragma once

#include <optional>
#include <vector>

#include "agent/daemon/task.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

// When the scheduler was heard last, by the clock that counts from the boot, and for how long the
// tasks may run without hearing it.
struct Contact {
    Duration heard_at{0};
    Duration lease{0};  // 0: never in touch on this boot
};

class TaskJournal {
public:
    struct Changes {
        std::vector<const Task*> put;
        std::vector<TaskKey> forget;
        std::optional<std::uint64_t> highest_epoch;
    };
    enum class Durability { Machine, Agent };  // survives a loss of power; survives the agent

    virtual ~TaskJournal() = default;
    virtual Result<std::vector<Task>> tasks() = 0;
    virtual std::uint64_t highest_epoch() const = 0;
    virtual Contact contact() const = 0;

    // All or nothing.
    virtual Status commit(const Changes& changes, Durability durability) = 0;
    virtual Status note(const Contact& contact) = 0;
};

}  // namespace gusu::agent
