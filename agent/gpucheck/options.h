// The words of the command.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/gpucheck/judge.h"
#include "agent/gpucheck/pattern.h"
#include "scheduler/base/result.h"

namespace gusu::gpucheck {

enum class Mode {
    Check,  // the diagnosis
    Scrub,  // zeros into all free memory, verified
    Scan,   // what is in free memory, without writing
    Fill,   // a pattern into all free memory, and hold it
    List,
};

enum class Output { Text, Json };
// To see that a check can fail: an error is put into what it looks at.
enum class Fault { None, Memory, Gemm, Scrub };

struct Options {
    Mode mode = Mode::Check;
    std::vector<std::string> cards;  // indexes or UUIDs, also their beginnings; none: all
    Thoroughness thoroughness = Thoroughness::Full;
    Output output = Output::Text;
    Ratings ratings;
    std::uint64_t fill_word = 0;
    std::chrono::seconds hold{0};     // of Mode::Fill; 0: until a signal ends it
    std::chrono::seconds timeout{0};  // 0: none
    Fault fault = Fault::None;
};

// Or the exit code, when the words said all there is to do (help, version) or are wrong, and what
// is to be told of them has been written.
std::variant<Options, int> parse_options(int count, const char* const* words);

// "dead", "0xDEADBEEF": 1 to 16 hexadecimal digits, repeated to the whole of a word of 64 bits.
Result<std::uint64_t> parse_fill_word(const std::string& text);

// Those the words name, in the order of their indexes.
Result<std::vector<CardFacts>> choose(const std::vector<CardFacts>& cards,
                                      const std::vector<std::string>& words);

}  // namespace gusu::gpucheck
