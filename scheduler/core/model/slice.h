// Devices that are cut into slices: NVIDIA's MIG, and alike. A task that asks for a profile has
// some neighbouring slices of one device, which nothing else can touch; where they may begin, the
// profile says. https://docs.nvidia.com/datacenter/tesla/mig-user-guide/
#pragma once

#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace gusu::core {

// Slices of one device; bit i is slice i.
using Slices = std::uint8_t;
inline constexpr int kMostSlices = 8;

constexpr Slices all_slices(int number) { return static_cast<Slices>((1 << number) - 1); }
// So that a slice is a whole number of thousandths.
constexpr bool may_be_cut_into(int slices) {
    return slices > 0 && slices <= kMostSlices && 1000 % slices == 0;
}
constexpr int count_slices(Slices slices) { return std::popcount(slices); }

// A profile, as 1g.10gb: `size` slices of a device that is cut into `of`, from one of `starts` on.
struct SliceProfile {
    std::string name;
    int size = 0;  // 0: known by its name only
    int of = 0;    // see may_be_cut_into()
    Slices starts = 0;

    friend auto operator<=>(const SliceProfile&, const SliceProfile&) = default;

    int milli() const { return 1000 / of * size; }
    Slices from(int start) const { return static_cast<Slices>(all_slices(size) << start); }
};

// The shape of a profile without its name.
struct SliceShape {
    int size = 0;
    Slices starts = 0;

    friend auto operator<=>(const SliceShape&, const SliceShape&) = default;

    // Where to take it of what is free: so that the most neighbours stay together, in pairs and
    // fours as profiles need them, and among equals at the end, where fewer profiles begin.
    std::optional<Slices> best_of(Slices free) const;
    // How many there is room for.
    int most_in(Slices free) const;
};

}  // namespace gusu::core
