// Which faults a life meets, and how often: from its seed.
#pragma once

#include <array>
#include <cstdio>
#include <set>

#include "tools/sim/faults/fault_kinds.h"
#include "tools/sim/faults/simulated_time.h"

namespace gusu::faults {

class Climate {
public:
    // `only`: these and no others; empty: each with even odds.
    Climate(std::uint64_t seed, const std::set<Fault>& only);

    // For faults that befall an occasion: a message, a task, an answer.
    double odds(Fault fault) const { return weather(fault).odds; }
    // For faults that come by themselves: the mean time between two; none: never.
    std::optional<Duration> every(Fault fault) const { return weather(fault).every; }
    // From now on there are none.
    void calm() { weather_ = {}; }

private:
    struct Weather {
        double odds = 0;
        std::optional<Duration> every;
    };
    const Weather& weather(Fault fault) const { return weather_[static_cast<std::size_t>(fault)]; }

    std::array<Weather, kFaults> weather_{};
};

// All that the parts of one simulated world share.
enum class Telling { No, Yes };
struct Life {
    SimulatedTime time;
    Dice dice;
    Climate climate;
    Counts counts;
    Telling told = Telling::No;

    // Told on stderr, for who looks for the cause of something.
    void tell(const auto& what) const {
        if (told == Telling::Yes) {
            std::fprintf(stderr, "%10lld ms  %s\n", static_cast<long long>(time.now().count()),
                         what().c_str());
        }
    }

    // Whether it befalls this occasion; counted.
    bool befalls(Fault fault) {
        const bool does = climate.odds(fault) > 0 && dice.falls(climate.odds(fault));
        counts.of(fault) += does ? 1 : 0;
        return does;
    }
};

}  // namespace gusu::faults
