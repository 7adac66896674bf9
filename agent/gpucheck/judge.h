// From what was measured to a verdict.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/gpucheck/report.h"

namespace gusu::gpucheck {

enum class Thoroughness { Full, Quick };

// By the data sheet. What is not given is measured, told and not judged.
struct Ratings {
    std::optional<double> tensor_tflops;  // dense BF16 or FP16
    std::optional<double> fp32_tflops;
    std::optional<double> memory_gbps;  // 10^9 bytes a second, reading and writing together
    std::optional<double> host_gbps;    // of the bus, one way
};

// What share of its rating a card that is well reaches at least in our own measurements, which are
// simple and the same everywhere rather than the fastest. A card that is hot, capped, degraded or
// has lost lanes of its bus falls below.
inline constexpr double kLeastTensorShare = 0.15;
inline constexpr double kLeastFp32Share = 0.45;
inline constexpr double kLeastMemoryShare = 0.65;
inline constexpr double kLeastHostShare = 0.30;

// By the middle one of the rounds, of which there is at least one.
Check judge_speed(const std::string& name, std::vector<double> rounds, Figure expectation);
// What to give to judge_speed().
Figure expect(const std::string& unit, std::optional<double> rated, double least_share);

// Words that are not as they were written.
struct Mismatches {
    std::uint64_t words = 0;
    std::vector<BadWord> examples = {};

    void add(Mismatches more);
};
inline constexpr std::size_t kMostExamples = 16;

// `what`: "5 patterns, each with its complement".
Check judge_memory(const std::string& name, std::uint64_t bytes, Mismatches found,
                   const std::string& what);

}  // namespace gusu::gpucheck
