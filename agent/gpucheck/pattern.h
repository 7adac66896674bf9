// What is written into a card's memory: word by word, computed alike by the host and by the card.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define GUSU_HOST_AND_CARD __host__ __device__
#else
#define GUSU_HOST_AND_CARD
#endif

namespace gusu::gpucheck {

enum class PatternKind {
    Constant,  // the value itself
    Address,   // of each word its own address, exclusive-or the value: finds crossed address lines
    Walking,   // one bit, which moves on by one with each word; the value is where it begins
    Random,    // the value is the seed
};

struct Pattern {
    PatternKind kind = PatternKind::Constant;
    std::uint64_t value = 0;
};

// Neighbours have nothing in common.
GUSU_HOST_AND_CARD inline std::uint64_t scattered(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15U;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
}

// The word that belongs at this index, counted over all of the memory.
GUSU_HOST_AND_CARD inline std::uint64_t word_at(const Pattern& pattern, std::uint64_t index) {
    switch (pattern.kind) {
        case PatternKind::Constant:
            return pattern.value;
        case PatternKind::Address:
            return (index * sizeof(std::uint64_t)) ^ pattern.value;
        case PatternKind::Walking:
            return std::uint64_t{1} << ((index + pattern.value) % 64);
        case PatternKind::Random:
            return scattered(index ^ (pattern.value << 40));
    }
    return 0;
}

}  // namespace gusu::gpucheck
