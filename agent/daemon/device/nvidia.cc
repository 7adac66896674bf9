#include "agent/daemon/device/nvidia.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "agent/daemon/device/gpu_slicer.h"
#include "agent/daemon/device/link_groups.h"
#include "agent/daemon/device/names.h"
#include "agent/daemon/files.h"
#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

// NVML writes "00000000:3B:00.0", the kernel "0000:3b:00.0".
int numa_node(const Nvml& nvml, NvmlDevice device) {
    NvmlPci pci{};
    if (nvml.pci == nullptr || nvml.pci(device, &pci) != kNvmlSuccess) {
        return -1;
    }
    pci.bus_id[sizeof pci.bus_id - 1] = '\0';
    std::string id(pci.bus_id);
    std::ranges::transform(id, id.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::size_t colon = id.find(':');
    if (colon != std::string::npos && colon > 4) {
        id.erase(0, colon - 4);
    }
    const auto text = read_file("/sys/bus/pci/devices/" + id + "/numa_node");
    return text ? std::atoi(text->c_str()) : -1;
}

Result<v1::Device> describe(const Nvml& nvml, unsigned int index) {
    NvmlDevice handle = nullptr;
    if (const int code = nvml.by_index(index, &handle); code != kNvmlSuccess) {
        return nvml_failed("nvmlDeviceGetHandleByIndex", code);
    }
    std::array<char, 96> name{};
    std::array<char, 96> uuid{};
    NvmlMemory memory{};
    if (const int code = nvml.name(handle, name.data(), name.size() - 1); code != kNvmlSuccess) {
        return nvml_failed("nvmlDeviceGetName", code);
    }
    if (const int code = nvml.uuid(handle, uuid.data(), uuid.size() - 1); code != kNvmlSuccess) {
        return nvml_failed("nvmlDeviceGetUUID", code);
    }
    if (const int code = nvml.memory(handle, &memory); code != kNvmlSuccess) {
        return nvml_failed("nvmlDeviceGetMemoryInfo", code);
    }
    v1::Device device;
    device.set_index(static_cast<int>(index));
    device.set_uuid(uuid.data());
    device.set_accelerator(accelerator_of(name.data()));
    device.set_memory(static_cast<std::int64_t>(memory.total));
    device.set_healthy(true);
    device.set_numa_node(numa_node(nvml, handle));
    device.set_slices(slices_of(nvml, handle));
    return device;
}

// The scheduler takes no device without a model, and the devices of a node are nearly always alike.
void name_unhealthy(std::vector<v1::Device>& devices) {
    const auto answering = std::ranges::find_if(devices, &v1::Device::healthy);
    const std::string model =
        answering == devices.end() ? "nvidia-unknown" : answering->accelerator();
    for (v1::Device& device : devices) {
        if (!device.healthy()) {
            device.set_accelerator(model);
        }
    }
}

// Not what the index says: the two may differ.
void find_file(const Nvml& nvml, unsigned int index, NodeDevices& found) {
    NvmlDevice handle = nullptr;
    unsigned int minor = 0;
    if (nvml.minor_number != nullptr && nvml.by_index(index, &handle) == kNvmlSuccess &&
        nvml.minor_number(handle, &minor) == kNvmlSuccess) {
        found.files[static_cast<int>(index)] = "/dev/nvidia" + std::to_string(minor);
    }
}

// A device that does not answer keeps its number and is offered as unhealthy, as if it were of the
// model beside it: one that fails must not cost the whole node.
NodeDevices describe_all(const Nvml& nvml, unsigned int count) {
    NodeDevices found;
    for (unsigned int index = 0; index < count; ++index) {
        auto device = describe(nvml, index);
        if (!device) {
            spdlog::error("device does not answer index={} reason={}", index,
                          device.error().message);
            v1::Device unhealthy;
            unhealthy.set_index(static_cast<int>(index));
            unhealthy.set_numa_node(-1);
            device = unhealthy;
        }
        found.devices.push_back(std::move(*device));
        find_file(nvml, index, found);
    }
    name_unhealthy(found.devices);
    find_link_groups(nvml, found.devices);
    return found;
}

bool has_driver() {
    std::error_code failure;
    return std::filesystem::exists("/proc/driver/nvidia/version", failure);
}

// One that nobody gets, so that whoever looks at the node sees why it has no GPUs. What needs none
// runs here all the same.
NodeDevices unusable(const std::string& why) {
    spdlog::error("GPUs of this machine are not offered reason=\"{}\"", why);
    NodeDevices found;
    v1::Device& device = found.devices.emplace_back();
    device.set_accelerator("nvidia-unknown");
    device.set_numa_node(-1);
    device.set_health_detail(why + "; then restart gusu-agent");
    return found;
}

}  // namespace

NodeDevices nvidia_devices(const std::string& file) {
    const auto nvml = Nvml::open(file);
    if (!nvml) {
        return unusable(nvml.error().message);
    }
    if (*nvml == nullptr) {
        return has_driver() ? unusable(file +
                                       " is not there, and the NVIDIA driver is; install its "
                                       "library (libnvidia-compute, libnvidia-ml1)")
                            : NodeDevices();
    }
    unsigned int count = 0;
    if (const int code = (*nvml)->count(&count); code != kNvmlSuccess) {
        return unusable(nvml_failed("nvmlDeviceGetCount", code).message);
    }
    return describe_all(**nvml, count);
}

}  // namespace gusu::agent
