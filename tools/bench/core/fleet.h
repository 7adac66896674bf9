// A large cluster in the core alone, filled with jobs from a seed, for measuring decisions.
#pragma once

#include <cstdint>
#include <vector>

#include "scheduler/core/model/state.h"
#include "scheduler/core/policy/placement.h"

namespace gusu::bench {

enum class Mix {
    WholeDevices,  // 1, 2, 4 or 8 GPUs of a named model, with its share of CPUs and memory
    Everything,    // also shares of a GPU, any model, more CPUs than go with a GPU, and no GPU
};

struct FleetSize {
    int nodes = 10'000;
    int models = 4;
    int gpus_per_node = 8;
};

class Fleet {
public:
    Fleet(const FleetSize& size, Mix mix, std::uint64_t seed);

    const core::State& state() const { return state_; }
    std::size_t running() const { return running_.size(); }

    // What the next job asks for.
    core::DemandPointer draw();
    // Submits and starts a job; false, and no trace of it, if there is no room.
    bool start(const core::DemandPointer& demand);
    // Starts jobs until `percent` of all GPUs are held.
    void fill(int percent);
    // Any running job ends, and is forgotten.
    void end_one();
    JobId any_running();

private:
    std::uint64_t below(std::uint64_t bound);
    void happen(core::EventBody body);

    FleetSize size_;
    Mix mix_;
    std::uint64_t seed_;
    core::State state_;
    std::vector<JobId> running_;
    std::int64_t held_milli_ = 0;
    std::uint64_t requests_ = 0;
};

// A demand of one group.
core::DemandPointer demand_of(core::TaskGroup group);
core::TaskGroup tasks(int count, std::int64_t milli_gpus, std::vector<std::string> models);

}  // namespace gusu::bench
