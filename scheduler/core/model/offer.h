// What placement weighs: what one task asks for, and what a node has free, whichever devices that
// is.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "scheduler/core/model/job.h"

namespace gusu::core {

// A number for an accelerator's name, given by NodeIndex.
using AcceleratorId = int;

inline constexpr int kWholeDevice = 1000;

struct Ask {
    int devices = 0;
    int milli_each = kWholeDevice;  // of each device; below that only with one
    SliceShape slice = {};          // of a device that is cut; size 0: of one that is not
    std::int64_t milli_cpus = 0;
    std::int64_t memory = 0;

    static Ask of(const TaskGroup& group);
    bool is_slice() const { return slice.size > 0; }
    // Of one device, which others may have parts of.
    bool is_share() const { return devices == 1 && (milli_each < kWholeDevice || is_slice()); }

    friend auto operator<=>(const Ask&, const Ask&) = default;
};

struct FreeDevice {
    AcceleratorId accelerator = 0;
    int milli = 0;
    Slices slices = 0;  // free ones of a device that is cut

    friend auto operator<=>(const FreeDevice&, const FreeDevice&) = default;
};

// Nodes with equal offers are alike to placement.
struct Offer {
    std::int64_t milli_cpus = 0;
    std::int64_t memory = 0;
    std::vector<FreeDevice> devices;  // healthy and with something free; sorted

    friend auto operator<=>(const Offer&, const Offer&) = default;

    int whole_devices(AcceleratorId accelerator) const;
    std::int64_t free_milli() const;
};

// How many such tasks fit on the device, if each takes a share of it, or all of it.
int tasks_on(const Ask& ask, const FreeDevice& device);

// How many such tasks fit on devices of this accelerator, at most `at_most`.
int tasks_that_fit(const Ask& ask, AcceleratorId accelerator, const Offer& offer, int at_most);

// What is left of the offer when a task is on it. A share takes of this device, which must be
// there.
Offer left_after(const Ask& ask, FreeDevice device, const Offer& offer);

}  // namespace gusu::core
