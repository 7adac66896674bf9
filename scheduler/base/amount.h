// Amount: a quantity of some resource that cannot overflow or go below zero unseen.
//
// Amounts come from requests only through the parsers of text.h and wire, which refuse anything
// above kMaxAmount. Sums of amounts inside the core are checked: exceeding the range is our own
// bug.
#pragma once

#include <compare>
#include <cstdint>

namespace gusu {

class Amount {
public:
    // Half of 2^62: the sum of any two amounts is still exact.
    static constexpr std::int64_t kMax = std::int64_t{1} << 61;

    constexpr Amount() = default;
    explicit Amount(std::int64_t units);

    constexpr std::int64_t units() const { return units_; }
    constexpr bool is_zero() const { return units_ == 0; }

    Amount& operator+=(Amount other);
    // The result must not be below zero.
    Amount& operator-=(Amount other);
    friend Amount operator+(Amount a, Amount b) { return a += b; }
    friend Amount operator-(Amount a, Amount b) { return a -= b; }
    // times >= 0
    Amount times(std::int64_t count) const;
    // What is left of this after taking `other`, at least zero.
    Amount minus_at_most(Amount other) const;

    friend constexpr auto operator<=>(const Amount&, const Amount&) = default;

private:
    std::int64_t units_ = 0;
};

}  // namespace gusu
