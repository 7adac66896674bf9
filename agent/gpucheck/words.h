// Words on the card, written and compared; for the .cu files here.
#pragma once

#include "agent/gpucheck/cuda_call.h"
#include "agent/gpucheck/judge.h"
#include "agent/gpucheck/pattern.h"

namespace gusu::gpucheck {

using Word = unsigned long long;
static_assert(sizeof(Word) == sizeof(std::uint64_t));

// A part of the memory, `count` words (an even number) of which the first has this index.
struct Span {
    Word* words = nullptr;
    std::uint64_t count = 0;
    std::uint64_t first = 0;
};

// What a comparison finds. On the card.
struct Findings {
    Word mismatches;
    unsigned int examples;  // that were found; only the first kMostExamples are kept
    BadWord kept[kMostExamples];
};

// Started, not waited for.
void start_fill(const Span& span, const Pattern& pattern);
void start_compare(const Span& span, const Pattern& pattern, Findings* findings);
// Waits.
Result<Mismatches> read(const Findings* findings, const std::string& doing);

}  // namespace gusu::gpucheck
