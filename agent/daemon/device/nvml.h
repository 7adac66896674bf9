// NVML, the NVIDIA driver's own library, by the documented C interface, declared by ourselves and
// loaded when it is needed: nothing of NVIDIA is needed to build.
#pragma once

#include <memory>
#include <string>

#include "scheduler/base/result.h"

namespace gusu::agent {

inline constexpr const char* kNvmlLibrary = "libnvidia-ml.so.1";

using NvmlDevice = struct nvmlDevice_st*;
using NvmlEventSet = struct nvmlEventSet_st*;

inline constexpr int kNvmlSuccess = 0;
inline constexpr unsigned int kNvmlTemperatureOfGpu = 0;
inline constexpr unsigned int kNvmlMostLinks = 18;  // of one device
inline constexpr unsigned long long kNvmlXidCriticalError = 8;
inline constexpr unsigned int kNvmlMemoryVersion2 = 40U | 2U << 24;  // size and version

struct NvmlMemory {
    unsigned long long total;
    unsigned long long free;
    unsigned long long used;  // with what the driver keeps for itself
};

struct NvmlMemory2 {
    unsigned int version;
    unsigned long long total;
    unsigned long long reserved;
    unsigned long long free;
    unsigned long long used;
};
static_assert(sizeof(NvmlMemory2) == 40);

struct NvmlPci {
    char short_bus_id[16];
    unsigned int domain;
    unsigned int bus;
    unsigned int device;
    unsigned int pci_device_id;
    unsigned int pci_subsystem_id;
    char bus_id[32];
};

// What is at the other end of an NVLink.
inline constexpr int kNvmlRemoteGpu = 0;
inline constexpr int kNvmlRemoteSwitch = 2;

struct NvmlUtilization {
    unsigned int gpu;  // per cent
    unsigned int memory;
};

struct NvmlEvent {
    NvmlDevice device;
    unsigned long long type;
    unsigned long long value;  // of an XID: its number
    unsigned int gpu_instance;
    unsigned int compute_instance;
};

// The library, initialized from open() to the end of this object.
class Nvml {
public:
    // nullptr where there is no such library; an error where it is and does not work.
    static Result<std::unique_ptr<Nvml>> open(const std::string& file);
    ~Nvml();
    Nvml(const Nvml&) = delete;
    Nvml& operator=(const Nvml&) = delete;

    int (*count)(unsigned int*) = nullptr;
    int (*by_index)(unsigned int, NvmlDevice*) = nullptr;
    int (*name)(NvmlDevice, char*, unsigned int) = nullptr;
    int (*uuid)(NvmlDevice, char*, unsigned int) = nullptr;
    int (*memory)(NvmlDevice, NvmlMemory*) = nullptr;
    // What follows an older library may lack: nullptr.
    int (*minor_number)(NvmlDevice, unsigned int*) = nullptr;
    int (*pci)(NvmlDevice, NvmlPci*) = nullptr;
    int (*link_state)(NvmlDevice, unsigned int, unsigned int*) = nullptr;  // 1: in use
    int (*link_remote)(NvmlDevice, unsigned int, NvmlPci*) = nullptr;
    int (*link_remote_type)(NvmlDevice, unsigned int, int*) = nullptr;
    int (*memory2)(NvmlDevice, NvmlMemory2*) = nullptr;
    int (*utilization)(NvmlDevice, NvmlUtilization*) = nullptr;
    int (*power)(NvmlDevice, unsigned int*) = nullptr;  // milliwatts
    int (*temperature)(NvmlDevice, unsigned int, unsigned int*) = nullptr;
    int (*ecc)(NvmlDevice, unsigned int, unsigned int, unsigned long long*) = nullptr;
    int (*create_events)(NvmlEventSet*) = nullptr;
    int (*register_events)(NvmlDevice, unsigned long long, NvmlEventSet) = nullptr;
    int (*wait_event)(NvmlEventSet, NvmlEvent*, unsigned int) = nullptr;
    int (*free_events)(NvmlEventSet) = nullptr;

private:
    struct CloseLibrary {
        void operator()(void* library) const;
    };

    Nvml() = default;
    template <typename Function>
    void find(Function& function, const char* newest, const char* older = nullptr);
    void find_all();

    std::unique_ptr<void, CloseLibrary> library_;
    int (*init_)() = nullptr;
    int (*shutdown_)() = nullptr;
    bool initialized_ = false;
};

Error nvml_failed(const char* call, int code);

}  // namespace gusu::agent
