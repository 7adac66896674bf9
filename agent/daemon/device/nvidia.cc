#include "agent/daemon/device/nvml.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <memory>

#include "agent/daemon/device/names.h"
#include "agent/daemon/files.h"
#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

// The documented C interface, declared by ourselves.
using NvmlDevice = struct nvmlDevice_st*;
constexpr int kSuccess = 0;

struct NvmlMemory {
    unsigned long long total;
    unsigned long long free;
    unsigned long long used;
};

struct NvmlPci {
    char short_bus_id[16];
    unsigned int domain;
    unsigned int bus;
    unsigned int device;
    unsigned int pci_device_id;
    unsigned int pci_subsystem_id;
    char bus_id[32];
};

struct CloseLibrary {
    void operator()(void* library) const { ::dlclose(library); }
};
using Library = std::unique_ptr<void, CloseLibrary>;

template <typename Function>
Function symbol(const Library& library, const char* newest, const char* older) {
    void* found = ::dlsym(library.get(), newest);
    if (found == nullptr && older != nullptr) {
        found = ::dlsym(library.get(), older);
    }
    return reinterpret_cast<Function>(found);
}

struct Nvml {
    int (*init)() = nullptr;
    int (*shutdown)() = nullptr;
    int (*count)(unsigned int*) = nullptr;
    int (*by_index)(unsigned int, NvmlDevice*) = nullptr;
    int (*name)(NvmlDevice, char*, unsigned int) = nullptr;
    int (*uuid)(NvmlDevice, char*, unsigned int) = nullptr;
    int (*memory)(NvmlDevice, NvmlMemory*) = nullptr;
    int (*pci)(NvmlDevice, NvmlPci*) = nullptr;  // may be absent

    explicit Nvml(const Library& library) {
        init = symbol<decltype(init)>(library, "nvmlInit_v2", "nvmlInit");
        shutdown = symbol<decltype(shutdown)>(library, "nvmlShutdown", nullptr);
        count = symbol<decltype(count)>(library, "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount");
        by_index = symbol<decltype(by_index)>(library, "nvmlDeviceGetHandleByIndex_v2",
                                              "nvmlDeviceGetHandleByIndex");
        name = symbol<decltype(name)>(library, "nvmlDeviceGetName", nullptr);
        uuid = symbol<decltype(uuid)>(library, "nvmlDeviceGetUUID", nullptr);
        memory = symbol<decltype(memory)>(library, "nvmlDeviceGetMemoryInfo", nullptr);
        pci = symbol<decltype(pci)>(library, "nvmlDeviceGetPciInfo_v3", nullptr);
    }

    bool complete() const {
        return init != nullptr && shutdown != nullptr && count != nullptr && by_index != nullptr &&
               name != nullptr && uuid != nullptr && memory != nullptr;
    }
};

Error failed(const char* call, int code) {
    return {ErrorCode::Internal, std::string("the NVIDIA driver fails: ") + call + " gives " +
                                     std::to_string(code) + "; see what nvidia-smi says"};
}

// NVML writes "00000000:3B:00.0", the kernel "0000:3b:00.0".
int numa_node(const Nvml& nvml, NvmlDevice device) {
    NvmlPci pci{};
    if (nvml.pci == nullptr || nvml.pci(device, &pci) != kSuccess) {
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
    if (const int code = nvml.by_index(index, &handle); code != kSuccess) {
        return failed("nvmlDeviceGetHandleByIndex", code);
    }
    std::array<char, 96> name{};
    std::array<char, 96> uuid{};
    NvmlMemory memory{};
    if (const int code = nvml.name(handle, name.data(), name.size() - 1); code != kSuccess) {
        return failed("nvmlDeviceGetName", code);
    }
    if (const int code = nvml.uuid(handle, uuid.data(), uuid.size() - 1); code != kSuccess) {
        return failed("nvmlDeviceGetUUID", code);
    }
    if (const int code = nvml.memory(handle, &memory); code != kSuccess) {
        return failed("nvmlDeviceGetMemoryInfo", code);
    }
    v1::Device device;
    device.set_index(static_cast<int>(index));
    device.set_uuid(uuid.data());
    device.set_accelerator(accelerator_of(name.data()));
    device.set_memory(static_cast<std::int64_t>(memory.total));
    device.set_healthy(true);
    device.set_numa_node(numa_node(nvml, handle));
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

// A device that does not answer keeps its number and is offered as unhealthy, as if it were of the
// model beside it: one that fails must not cost the whole node.
std::vector<v1::Device> describe_all(const Nvml& nvml, unsigned int count) {
    std::vector<v1::Device> devices;
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
        devices.push_back(std::move(*device));
    }
    name_unhealthy(devices);
    return devices;
}

}  // namespace

Result<std::vector<v1::Device>> nvidia_devices(const std::string& file) {
    const Library library(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL));
    if (library == nullptr) {
        return std::vector<v1::Device>();
    }
    const Nvml nvml(library);
    if (!nvml.complete()) {
        return Error{ErrorCode::Internal,
                     file + " lacks functions that every NVIDIA driver since 2013 has"};
    }
    if (const int code = nvml.init(); code != kSuccess) {
        return failed("nvmlInit", code);
    }
    unsigned int count = 0;
    const int code = nvml.count(&count);
    auto devices = code == kSuccess ? describe_all(nvml, count) : std::vector<v1::Device>();
    nvml.shutdown();
    if (code != kSuccess) {
        return failed("nvmlDeviceGetCount", code);
    }
    return devices;
}

}  // namespace gusu::agent
