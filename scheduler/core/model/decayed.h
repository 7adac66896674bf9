// An amount that halves every day, so that what somebody used long ago is forgiven.
#pragma once

#include <cstdint>

#include "scheduler/base/time.h"

namespace gusu::core {

inline constexpr Duration kHalfLife{24 * 3'600'000};

// Not negative, below 2^56.
struct Decayed {
    std::int64_t amount = 0;  // as it was at `as_of`
    Time as_of;

    std::int64_t at(Time now) const;
    void add(std::int64_t more, Time now);

    // Orders amounts of different times without a present: of two that only decay the larger stays
    // the larger. In steps of half a doubling; 0 for nothing.
    std::int64_t level() const;

    friend bool operator==(const Decayed&, const Decayed&) = default;
};

// 64 times the binary logarithm of a positive number, rounded down.
std::int64_t log2_in_64ths(std::int64_t number);

}  // namespace gusu::core
