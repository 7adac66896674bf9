#include "scheduler/core/model/slice.h"

namespace gusu::core {
namespace {

// Aligned pairs, fours and eights of free slices.
int blocks(Slices free) {
    int number = 0;
    for (int size = 2; size <= kMostSlices; size *= 2) {
        for (int start = 0; start < kMostSlices; start += size) {
            const int block = ((1 << size) - 1) << start;
            number += (free & block) == block ? 1 : 0;
        }
    }
    return number;
}

bool begins_at(const SliceShape& shape, int start, Slices free) {
    const int taken = ((1 << shape.size) - 1) << start;
    return (shape.starts >> start & 1) != 0 && (free & taken) == taken;
}

}  // namespace

std::optional<Slices> SliceShape::best_of(Slices free) const {
    std::optional<Slices> best;
    int most = -1;
    for (int start = kMostSlices - 1; start >= 0; --start) {
        if (!begins_at(*this, start, free)) {
            continue;
        }
        const auto taken = static_cast<Slices>(all_slices(size) << start);
        const int left = blocks(static_cast<Slices>(free & ~taken));
        if (left > most) {
            most = left;
            best = taken;
        }
    }
    return best;
}

// The first that fits, then the next behind it: of equal lengths none fit better.
int SliceShape::most_in(Slices free) const {
    int number = 0;
    for (int start = 0; start < kMostSlices;) {
        const bool fits = begins_at(*this, start, free);
        number += fits ? 1 : 0;
        start += fits ? size : 1;
    }
    return number;
}

}  // namespace gusu::core
