// Chance from a printed seed: the same on every machine, so not from <random>'s distributions.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace gusu::sim {

constexpr std::uint64_t splitmix64(std::uint64_t state) {
    std::uint64_t mixed = state + 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
}

class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t bits() {
        const std::uint64_t value = splitmix64(state_);
        state_ += 0x9e3779b97f4a7c15U;
        return value;
    }
    // In [0, 1).
    double uniform() { return static_cast<double>(bits() >> 11U) * 0x1.0p-53; }
    double exponential(double mean) { return -mean * std::log(1 - uniform()); }
    double normal() {
        const double radius = std::sqrt(-2 * std::log(1 - uniform()));
        return radius * std::cos(2 * std::numbers::pi * uniform());
    }

private:
    std::uint64_t state_;
};

}  // namespace gusu::sim
