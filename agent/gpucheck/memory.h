// All memory of a card that is free: written and looked at.
#pragma once

#include <cstdint>
#include <memory>

#include "agent/gpucheck/judge.h"
#include "agent/gpucheck/pattern.h"

namespace gusu::gpucheck {

class CardMemory {
public:
    // Of the current card. Unavailable if there is next to nothing.
    static Result<CardMemory> take_all_free();
    ~CardMemory();
    CardMemory(CardMemory&&) noexcept;
    CardMemory& operator=(CardMemory&&) = delete;

    std::uint64_t bytes() const;
    Status fill(const Pattern& pattern);
    // Does not write.
    Result<Mismatches> compare(const Pattern& pattern);
    // Three bits in the first, the middle and the last word, for tests of the tests.
    Status spoil();

private:
    struct Parts;
    explicit CardMemory(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace gusu::gpucheck
