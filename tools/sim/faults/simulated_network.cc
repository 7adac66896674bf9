#include "tools/sim/faults/simulated_network.h"

#include <algorithm>

namespace gusu::faults {
namespace {

constexpr Duration kLatency{2};
constexpr Duration kRetransmission{200};
constexpr Duration kLongestDelay{60'000};

}  // namespace

void SimulatedNetwork::cut(int node, Way way, Duration until) {
    Duration& cut = lanes_[static_cast<std::size_t>(node)].cut_until[static_cast<std::size_t>(way)];
    cut = std::max(cut, until);
}

void SimulatedNetwork::heal() {
    for (Lane& lane : lanes_) {
        lane.cut_until = {};
    }
}

Duration SimulatedNetwork::arrival(int node, Way way, Duration not_before) {
    Duration at = life_.time.now() + life_.dice.between(Duration(0), kLatency);
    const Duration cut =
        lanes_[static_cast<std::size_t>(node)].cut_until[static_cast<std::size_t>(way)];
    if (cut > at) {
        at = cut + life_.dice.between(Duration(0), kRetransmission);
    }
    if (life_.befalls(Fault::MessageDelayed)) {
        at += life_.dice.between(Duration(0), kLongestDelay);
    }
    return std::max(at, not_before);
}

}  // namespace gusu::faults
