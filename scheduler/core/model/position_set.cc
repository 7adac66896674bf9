#include "scheduler/core/model/position_set.h"

#include <algorithm>
#include <bit>

namespace gusu::core {
namespace {

constexpr std::size_t kBits = 64;

std::uint64_t bit_of(std::size_t position) { return std::uint64_t{1} << (position % kBits); }

}  // namespace

void PositionSet::insert(std::size_t position) {
    for (auto& level : words_) {
        const std::size_t word = position / kBits;
        level.resize(std::max(level.size(), word + 1));
        level[word] |= bit_of(position);
        position = word;
    }
}

void PositionSet::erase(std::size_t position) {
    for (auto& level : words_) {
        const std::size_t word = position / kBits;
        if (word >= level.size()) {
            return;
        }
        level[word] &= ~bit_of(position);
        if (level[word] != 0) {
            return;
        }
        position = word;
    }
}

std::size_t PositionSet::next(std::size_t from, std::size_t level) const {
    const auto& words = words_[level];
    std::size_t word = from / kBits;
    if (word >= words.size()) {
        return kNone;
    }
    std::uint64_t bits = words[word] & (~std::uint64_t{0} << (from % kBits));
    if (bits == 0 && level + 1 < kLevels) {
        word = next(word + 1, level + 1);
        bits = word == kNone ? 0 : words[word];
    }
    while (bits == 0 && level + 1 == kLevels && ++word < words.size()) {
        bits = words[word];
    }
    return bits == 0 ? kNone : word * kBits + static_cast<std::size_t>(std::countr_zero(bits));
}

}  // namespace gusu::core
