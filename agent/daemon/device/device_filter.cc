#include "agent/daemon/device/device_filter.h"

#include <glob.h>
#include <unistd.h>

#include <algorithm>

#include "scheduler/base/log.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

// What NVIDIA's libraries open besides the devices themselves.
constexpr const char* kUvm = "/dev/nvidia-uvm";
constexpr const char* kForAllNvidia[] = {"/dev/nvidiactl", kUvm, "/dev/nvidia-uvm-tools",
                                         "/dev/nvidia-modeset"};

std::vector<std::string> files_like(const std::string& pattern) {
    std::vector<std::string> files;
    glob_t found = {};
    if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
        files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    }
    globfree(&found);
    return files;
}

bool is_real(const v1::Device& device) { return !device.simulated(); }

// A device whose file is not known could be given to nobody.
Result<DeviceFilterKind> find_filter(const NodeSettings& settings) {
    for (const v1::Device& device : settings.devices) {
        if (is_real(device) && device.healthy() &&
            !settings.device_files.contains(device.index())) {
            return Error{ErrorCode::Unavailable, "the driver does not tell which file is device " +
                                                     std::to_string(device.index())};
        }
    }
    if (settings.task_owner && settings.task_owner->uid == 0) {
        return Error{ErrorCode::Unavailable,
                     "tasks run as root (task_user), who can leave a control group"};
    }
    if (settings.cgroups.hierarchies.empty()) {
        return Error{ErrorCode::Unavailable, "no control group may be made"};
    }
    return usable_device_filter(settings.cgroups, settings.cgroup_prefix() + "/trial");
}

void add_file(const std::string& file, std::vector<std::string>& rules) {
    if (const auto rule = rule_of_file(file)) {
        rules.push_back(to_text(*rule));
    }
}

}  // namespace

Result<DeviceFilterKind> choose_device_filter(const config::v1::AgentConfig& config,
                                              const NodeSettings& settings) {
    const auto kind = find_filter(settings);
    if (!kind && config.device_filter() == config::v1::DEVICE_FILTER_REQUIRED) {
        return Error{ErrorCode::FailedPrecondition,
                     "device_filter: is required, and there is none: " + kind.error().message +
                         "; run the agent as root, outside of containers, or allow to go on "
                         "without by device_filter: preferred"};
    }
    if (!kind) {
        spdlog::warn(
            "tasks are kept off devices that they were not given by environment variables alone "
            "reason=\"{}\"",
            kind.error().message);
        return DeviceFilterKind::None;
    }
    spdlog::info("device filter kind={}", to_text(*kind));
    if (std::ranges::any_of(settings.devices, is_real) && ::access(kUvm, F_OK) != 0) {
        spdlog::warn(
            "{} is not there, and tasks that start before it is cannot use CUDA; load it when the "
            "machine starts (nvidia-modprobe -u -c 0)",
            kUvm);
    }
    return *kind;
}

std::vector<std::string> allowed_devices(const NodeSettings& settings,
                                         const std::vector<int>& devices,
                                         const std::vector<std::string>& granted) {
    std::vector<std::string> rules;
    for (const DeviceRule& rule : common_devices()) {
        rules.push_back(to_text(rule));
    }
    for (const std::string& pattern : settings.task_devices) {
        for (const std::string& file : files_like(pattern)) {
            add_file(file, rules);
        }
    }
    std::ranges::for_each(granted, [&](const std::string& file) { add_file(file, rules); });
    bool any = false;
    for (const int device : devices) {
        if (const auto file = settings.device_files.find(device);
            file != settings.device_files.end()) {
            add_file(file->second, rules);
            any = true;
        }
    }
    if (any) {
        std::ranges::for_each(kForAllNvidia, [&](const char* file) { add_file(file, rules); });
    }
    return rules;
}

}  // namespace gusu::agent
