#include "scheduler/core/model/offer.h"

#include <algorithm>

namespace gusu::core {
namespace {

// More than any node has, and little enough to count with.
constexpr std::int64_t kMostDevices = 1 << 16;

int devices_fit(const Ask& ask, AcceleratorId accelerator, const Offer& offer) {
    int fit = 0;
    for (const FreeDevice& device : offer.devices) {
        if (device.accelerator == accelerator) {
            fit += tasks_on(ask, device);
        }
    }
    return ask.is_share() ? fit : fit / ask.devices;
}

std::int64_t times(std::int64_t available, std::int64_t each, std::int64_t at_most) {
    return each == 0 ? at_most : std::min(at_most, available / each);
}

}  // namespace

Ask Ask::of(const TaskGroup& group) {
    const Resources& task = group.per_task;
    const std::int64_t milli = task.milli_gpus.units();
    Ask ask{.milli_cpus = task.milli_cpus.units(), .memory = task.memory.units()};
    if (group.slice) {
        ask.devices = 1;
        ask.milli_each = static_cast<int>(milli);
        ask.slice = {.size = group.slice->size, .starts = group.slice->starts};
    } else if (milli > 0 && milli < kWholeDevice) {
        ask.devices = 1;
        ask.milli_each = static_cast<int>(milli);
    } else {
        const std::int64_t devices = milli / kWholeDevice + (milli % kWholeDevice > 0 ? 1 : 0);
        ask.devices = static_cast<int>(std::min(kMostDevices, devices));
    }
    return ask;
}

int Offer::whole_devices(AcceleratorId accelerator) const {
    return static_cast<int>(std::ranges::count(devices, FreeDevice{accelerator, kWholeDevice}));
}

std::int64_t Offer::free_milli() const {
    std::int64_t sum = 0;
    for (const FreeDevice& device : devices) {
        sum += device.milli;
    }
    return sum;
}

int tasks_on(const Ask& ask, const FreeDevice& device) {
    if (ask.is_slice()) {
        // One that is cut into another number of slices than the profile was made for is not it.
        const bool is_alike =
            device.milli * ask.slice.size == ask.milli_each * count_slices(device.slices);
        return is_alike ? ask.slice.most_in(device.slices) : 0;
    }
    return device.slices == 0 ? device.milli / ask.milli_each : 0;
}

int tasks_that_fit(const Ask& ask, AcceleratorId accelerator, const Offer& offer, int at_most) {
    std::int64_t fit = times(offer.milli_cpus, ask.milli_cpus, at_most);
    fit = times(offer.memory, ask.memory, fit);
    if (fit > 0 && ask.devices > 0) {
        fit = std::min<std::int64_t>(fit, devices_fit(ask, accelerator, offer));
    }
    return static_cast<int>(fit);
}

Offer left_after(const Ask& ask, FreeDevice device, const Offer& offer) {
    Offer left = offer;
    left.milli_cpus -= ask.milli_cpus;
    left.memory -= ask.memory;
    const auto first = std::ranges::find(left.devices, device);
    if (ask.is_share()) {
        first->milli -= ask.milli_each;
        first->slices =
            static_cast<Slices>(device.slices & ~ask.slice.best_of(device.slices).value_or(0));
        if (first->milli == 0) {
            left.devices.erase(first);
        } else {
            std::ranges::sort(left.devices);
        }
    } else if (ask.devices > 0) {
        left.devices.erase(first, first + ask.devices);
    }
    return left;
}

}  // namespace gusu::core
