// What was found, for people and for programs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/base/result.h"

namespace gusu::gpucheck {

inline constexpr const char* kVersion = "0.1.0";

// The program's exit codes; they stay.
inline constexpr int kPassed = 0;
inline constexpr int kFailed = 1;      // a check says that the card is faulty
inline constexpr int kWrongWords = 2;  // of the command
inline constexpr int kNoCard = 3;      // no driver, or no such card: nothing was checked
inline constexpr int kLost = 4;        // card or driver failed or hung while they were checked
inline constexpr int kInUse = 5;       // too little of the card is free: nothing was judged

enum class Verdict { Passed, Failed, Skipped };

struct BadWord {
    std::uint64_t byte = 0;  // from the start of the memory that was checked
    std::uint64_t expected = 0;
    std::uint64_t found = 0;

    friend auto operator<=>(const BadWord&, const BadWord&) = default;
};

// A speed, and what it is judged by.
struct Figure {
    double value = 0;
    std::string unit;                  // "GB/s", "TFLOPS"
    std::optional<double> rated = {};  // by the data sheet; none: it is told and not judged
    std::optional<double> least = {};  // of a card that is well
};

struct Check {
    std::string name;  // "memory", "tensor_gemm"
    Verdict verdict = Verdict::Passed;
    std::string detail = {};
    double seconds = 0;
    std::optional<Figure> figure = {};
    std::uint64_t bytes = 0;  // checked
    std::uint64_t errors = 0;
    std::vector<BadWord> examples = {};  // of the errors
};

struct CardFacts {
    int index = 0;          // as nvidia-smi counts
    std::string uuid = {};  // "GPU-..."
    std::string name = {};
    std::string pci = {};  // "0000:1b:00.0"
    std::int64_t memory = 0;
    int multiprocessors = 0;
    std::string compute_capability = {};  // "9.0"
};

struct CardReport {
    CardFacts card;
    std::vector<Check> checks = {};
    std::optional<Error> error = {};  // why it was not checked to the end
};

struct Report {
    std::string mode;  // "check", "scrub", "scan", "fill", "list"
    std::string cuda_driver =
        {};  // "13.0": the newest CUDA the driver knows; empty without a driver
    std::vector<CardReport> cards = {};
    std::optional<Error> error = {};  // before any card was looked at
};

// Of the whole: what is worst. A lost card is worse than a faulty one, and that than one in use.
int exit_code(const Report& report);

// One line a check.
std::string to_text(const CardFacts& card);
std::string to_text(const Check& check);
std::string to_text(const Error& error);
// One document, with a newline at its end; names as in the structures above.
std::string to_json(const Report& report);

}  // namespace gusu::gpucheck
