#include "agent/daemon/task_slices.h"

#include <sstream>
#include <vector>

#include "agent/daemon/device/device_filter.h"
#include "agent/daemon/device/gpu_slicer.h"
#include "agent/daemon/files.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPrivate = 0600;

fs::path slice_file(const fs::path& task) { return task / "slice"; }

// nullopt: it has none.
std::optional<GpuSlice> read_slice(const fs::path& task) {
    const auto text = read_file(slice_file(task));
    if (!text) {
        return std::nullopt;
    }
    GpuSlice slice;
    std::istringstream words(*text);
    words >> slice.device >> slice.first >> slice.slices;
    return words.fail() ? std::nullopt : std::optional(slice);
}

std::string to_text(const GpuSlice& slice) {
    return std::to_string(slice.device) + " " + std::to_string(slice.first) + " " +
           std::to_string(slice.slices) + "\n";
}

}  // namespace

Status give_slice(const NodeSettings& settings, const TaskKey& key, const v1::Launch& launch,
                  SupervisorOrder& order) {
    if (launch.slices() == 0 || settings.slicer == nullptr) {
        return Done{};
    }
    const GpuSlice slice{
        .device = launch.devices(0), .first = launch.first_slice(), .slices = launch.slices()};
    const fs::path file = slice_file(settings.task(key));
    if (const Status written = replace_file(file, to_text(slice), kPrivate); !written) {
        return written;
    }
    const auto instance = settings.slicer->cut(slice, launch.gpu_slice());
    if (!instance) {
        return instance.error();
    }
    order.environment["CUDA_VISIBLE_DEVICES"] = instance->uuid;
    if (order.device_filter.empty()) {
        return Done{};
    }
    for (const std::string& name : instance->files) {
        const auto rule = rule_of_file(name);
        if (!rule) {
            return Error{
                ErrorCode::FailedPrecondition,
                rule.error().message + "; have it made by nvidia-modprobe -c 0 -u -f " + name};
        }
        order.devices.push_back(agent::to_text(*rule));
    }
    return Done{};
}

Status take_slice_back(const NodeSettings& settings, const TaskKey& key) {
    const auto slice = read_slice(settings.task(key));
    return slice && settings.slicer != nullptr ? settings.slicer->remove(*slice) : Status(Done{});
}

void remove_stray_slices(const NodeSettings& settings, const std::set<std::string>& known) {
    if (settings.slicer == nullptr) {
        return;
    }
    std::vector<GpuSlice> kept;
    for (const std::string& name : known) {
        if (const auto slice = read_slice(settings.tasks() / name)) {
            kept.push_back(*slice);
        }
    }
    for (const v1::Device& device : settings.devices) {
        if (device.slices() > 0) {
            settings.slicer->remove_others(device.index(), kept);
        }
    }
}

}  // namespace gusu::agent
