// The network between the agents and the scheduler: connections that keep their order and lose
// nothing while they last, as TCP does. What is under way when one breaks is lost; who is cut off
// notices late, or never.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "tools/sim/faults/climate.h"

namespace gusu::faults {

enum class Way { ToScheduler, ToAgent };

class SimulatedNetwork {
public:
    SimulatedNetwork(Life& life, int nodes)
        : life_(life), lanes_(static_cast<std::size_t>(nodes)) {}

    // Nothing passes until then; what is sent meanwhile comes afterwards.
    void cut(int node, Way way, Duration until);
    // All is whole again.
    void heal();
    // When a message sent now comes, if nothing before it comes later.
    Duration arrival(int node, Way way, Duration not_before);

private:
    struct Lane {
        std::array<Duration, 2> cut_until{};
    };
    Life& life_;
    std::vector<Lane> lanes_;
};

}  // namespace gusu::faults
