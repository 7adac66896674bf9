// Many simulated agents against a live scheduler, over the real protocol.
#pragma once

#include <atomic>
#include <filesystem>

#include "proto/rpc/channel.h"
#include "scheduler/base/result.h"
#include "tools/bench/report.h"

namespace gusu::bench {

struct AgentsLoad {
    int count = 1000;
    std::string prefix = "simulated";  // of the nodes' names
    std::string accelerator;
    int gpus = 8;
    double task_seconds = 0;
    double seconds = 0;  // 0: until it is told to stop
    // Keeps the keys and certificates; empty: new ones every time.
    std::filesystem::path state;
};

// Enrols each node with a token that the caller of `target`, an operator, makes; then connects, and
// stays. Says on stderr every few seconds how it goes.
Result<Report> run_agents(const rpc::Endpoint& target, const AgentsLoad& load,
                          const std::atomic<bool>& stop);

}  // namespace gusu::bench
