#include "tools/sim/faults/climate.h"

#include <cmath>

namespace gusu::faults {
namespace {

// The most that a life may have of it, by occasion.
double most_odds(Fault fault) {
    switch (fault) {
        case Fault::MessageLost:
        case Fault::MessageDelayed:
        case Fault::MessageOvertaken:
            return 0.02;
        case Fault::MessageDoubled:
        case Fault::RebootAtLaunch:
        case Fault::TornWrite:
            return 0.05;
        case Fault::HangsOnKill:
            return 0.1;
        case Fault::IgnoresTerm:
        case Fault::ExitsAtLaunch:
        case Fault::ReplyLost:
        case Fault::CrashInRecovery:
            return 0.3;
        default:
            return 0;
    }
}

// From one every two minutes to one an hour.
Duration some_time(Dice& dice) {
    const double share = static_cast<double>(dice.upto(1000)) / 1000;
    return Duration(static_cast<std::int64_t>(120'000 * std::pow(30, share)));
}

}  // namespace

Climate::Climate(std::uint64_t seed, const std::set<Fault>& only) {
    Dice dice(seed ^ 0x636c696d617465U);
    for (std::size_t i = 0; i < kFaults; ++i) {
        const auto fault = static_cast<Fault>(i);
        const bool comes = only.empty() ? dice.falls(0.5) : only.contains(fault);
        const double odds = most_odds(fault);
        const double share = static_cast<double>(1 + dice.upto(99)) / 100;
        const Duration every = some_time(dice);
        if (comes && odds > 0) {
            weather_[i].odds = odds * share;
        } else if (comes) {
            weather_[i].every = every;
        }
    }
}

}  // namespace gusu::faults
