// A platform without the world: a core, a clock set by hand, and short ways to say what happens.
// Used by the stories and the random lives.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scheduler/core/scheduler.h"

namespace gusu::testing {

struct NodeWish {
    std::string name;
    std::string accelerator = "nvidia-h200";
    int gpus = 8;
    int linked = 0;  // so many neighbours reach each other by a link of their own
    int cpus = 64;
    std::int64_t memory = std::int64_t{512} << 30;
    core::Labels labels;
    std::string boot_id = "boot-1";
    int cut = 0;  // the first so many GPUs are cut into 8 slices each
};

class World {
public:
    World();

    Time now() const { return now_; }
    void set_time(Time now) { now_ = now; }
    const core::State& state() const { return scheduler_.state(); }
    core::Scheduler& scheduler() { return scheduler_; }
    // Everything that has happened, as the journal would have it.
    const core::Events& log() const { return log_; }

    // Executes the command and a step. The events of both, or why the command was refused.
    Result<core::Events> execute(const core::Command& command);
    core::Events step();

    // A node connects, knowing the tasks it had if its boot id is the same.
    Result<core::Events> join(const NodeWish& wish);
    // What agents say of one task of a placed job.
    Result<core::Events> observe(JobId job, int task, const core::TaskState& state,
                                 const std::string& drain = {});

    core::Caller admin() const { return {"admin"}; }

private:
    core::Scheduler scheduler_;
    core::Events log_;
    Time now_{};
    int sessions_ = 0;
};

}  // namespace gusu::testing
