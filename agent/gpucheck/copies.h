// How fast memory is copied, and whether rightly. All in 10^9 bytes a second.
#pragma once

#include <vector>

#include "agent/gpucheck/judge.h"

namespace gusu::gpucheck {

struct CopySpeeds {
    std::vector<double> to_card;
    std::vector<double> from_card;
    std::vector<double> on_card;  // counts what is read and what is written
    std::uint64_t bytes = 0;      // that were looked at afterwards
    Mismatches wrong = {};
};

// Of the current card.
Result<CopySpeeds> measure_copies(Thoroughness thoroughness);

struct PeerSpeeds {
    std::vector<double> rounds = {};
    bool direct = false;  // without a way round by the host's memory
    std::uint64_t bytes = 0;
    Mismatches wrong = {};
};

// From one card to another.
Result<PeerSpeeds> measure_peer_copy(int from, int to);

}  // namespace gusu::gpucheck
