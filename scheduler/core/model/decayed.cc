#include "scheduler/core/model/decayed.h"

#include <array>
#include <bit>

namespace gusu::core {
namespace {

constexpr int kParts = 64;

// 65536 * 2^(-i / 64), rounded.
constexpr std::array<std::int64_t, kParts> kHalving{
    65536, 64830, 64132, 63441, 62757, 62081, 61413, 60751, 60097, 59449, 58809, 58176, 57549,
    56929, 56316, 55709, 55109, 54515, 53928, 53347, 52773, 52204, 51642, 51085, 50535, 49991,
    49452, 48920, 48393, 47871, 47356, 46846, 46341, 45842, 45348, 44859, 44376, 43898, 43425,
    42958, 42495, 42037, 41584, 41136, 40693, 40255, 39821, 39392, 38968, 38548, 38133, 37722,
    37316, 36914, 36516, 36123, 35734, 35349, 34968, 34591, 34219, 33850, 33486, 33125};

}  // namespace

std::int64_t Decayed::at(Time now) const {
    const std::int64_t elapsed = now > as_of ? (now - as_of).count() : 0;
    const std::int64_t whole = elapsed / kHalfLife.count();
    if (whole >= 62) {
        return 0;
    }
    const std::int64_t part = elapsed % kHalfLife.count() * kParts / kHalfLife.count();
    const std::int64_t factor = kHalving[static_cast<std::size_t>(part)];
    const std::int64_t halved = amount >> whole;
    // In two parts, so that no product is too large.
    return (halved >> 16) * factor + ((halved & 0xffff) * factor >> 16);
}

void Decayed::add(std::int64_t more, Time now) {
    amount = at(now) + more;
    as_of = now;
}

std::int64_t Decayed::level() const {
    if (amount <= 0) {
        return 0;
    }
    const std::int64_t halvings =
        to_milliseconds(as_of) / kHalfLife.count() * kParts +
        to_milliseconds(as_of) % kHalfLife.count() * kParts / kHalfLife.count();
    return 1 + (log2_in_64ths(amount) + halvings) / (kParts / 2);
}

std::int64_t log2_in_64ths(std::int64_t number) {
    const int whole = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(number))) - 1;
    // The mantissa as a fraction of 2^30 in [1, 2); each squaring gives one more binary digit.
    auto mantissa = whole >= 30 ? static_cast<std::uint64_t>(number) >> (whole - 30)
                                : static_cast<std::uint64_t>(number) << (30 - whole);
    std::int64_t result = whole;
    for (int digit = 0; digit < 6; ++digit) {
        mantissa = mantissa * mantissa >> 30;
        const bool doubled = mantissa >= std::uint64_t{1} << 31;
        mantissa >>= doubled ? 1 : 0;
        result = result * 2 + (doubled ? 1 : 0);
    }
    return result;
}

}  // namespace gusu::core
