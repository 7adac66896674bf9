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
inline constexpr int kNvmlGpuIsLost = 15;
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

// Parts of a GPU in MIG mode: an instance has memory, and in it compute instances have processors.
using NvmlGpuInstance = struct nvmlGpuInstance_st*;
using NvmlComputeInstance = struct nvmlComputeInstance_st*;

struct NvmlPlacement {
    unsigned int start;  // memory slice
    unsigned int size;
};

// Profiles are asked for by number, from 0; not each number is one.
inline constexpr unsigned int kNvmlMostProfiles = 32;

struct NvmlGpuInstanceProfile {
    unsigned int version;
    unsigned int id;
    unsigned int peer_to_peer;
    unsigned int compute_slices;
    unsigned int instances;
    unsigned int engines[6];  // multiprocessors, copy, decoder, encoder, JPEG, optical flow
    unsigned long long memory_mib;
    char name[96];  // "MIG 1g.10gb"
};
static_assert(sizeof(NvmlGpuInstanceProfile) == 152);
inline constexpr unsigned int kNvmlGpuInstanceProfileVersion2 = 152U | 2U << 24;

struct NvmlGpuInstanceInfo {
    NvmlDevice device;
    unsigned int id;
    unsigned int profile_id;
    NvmlPlacement placement;
};

struct NvmlComputeInstanceProfile {
    unsigned int id;
    unsigned int compute_slices;
    unsigned int instances;
    unsigned int engines[6];
};

struct NvmlComputeInstanceInfo {
    NvmlDevice device;
    NvmlGpuInstance gpu_instance;
    unsigned int id;
    unsigned int profile_id;
    NvmlPlacement placement;
};

// Without a function none of them is there: the driver is too old.
struct NvmlMig {
    int (*mode)(NvmlDevice, unsigned int* now, unsigned int* after_reset) = nullptr;
    int (*profile)(NvmlDevice, unsigned int number, NvmlGpuInstanceProfile*) = nullptr;
    int (*placements)(NvmlDevice, unsigned int profile_id, NvmlPlacement*,
                      unsigned int* count) = nullptr;
    int (*create)(NvmlDevice, unsigned int profile_id, const NvmlPlacement*,
                  NvmlGpuInstance*) = nullptr;
    int (*destroy)(NvmlGpuInstance) = nullptr;
    int (*instances)(NvmlDevice, unsigned int profile_id, NvmlGpuInstance*,
                     unsigned int* count) = nullptr;
    int (*info)(NvmlGpuInstance, NvmlGpuInstanceInfo*) = nullptr;
    int (*compute_profile)(NvmlGpuInstance, unsigned int number, unsigned int engines,
                           NvmlComputeInstanceProfile*) = nullptr;
    int (*create_compute)(NvmlGpuInstance, unsigned int profile_id, NvmlComputeInstance*) = nullptr;
    int (*destroy_compute)(NvmlComputeInstance) = nullptr;
    int (*compute_instances)(NvmlGpuInstance, unsigned int profile_id, NvmlComputeInstance*,
                             unsigned int* count) = nullptr;
    int (*compute_info)(NvmlComputeInstance, NvmlComputeInstanceInfo*) = nullptr;
    int (*most_devices)(NvmlDevice, unsigned int*) = nullptr;
    int (*device_by_index)(NvmlDevice, unsigned int, NvmlDevice*) = nullptr;
    int (*gpu_instance_id)(NvmlDevice, unsigned int*) = nullptr;
    int (*compute_instance_id)(NvmlDevice, unsigned int*) = nullptr;
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
    NvmlMig mig;

private:
    struct CloseLibrary {
        void operator()(void* library) const;
    };

    Nvml() = default;
    template <typename Function>
    void find(Function& function, const char* newest, const char* older = nullptr);
    void find_all();
    void find_mig();

    std::unique_ptr<void, CloseLibrary> library_;
    int (*init_)() = nullptr;
    int (*shutdown_)() = nullptr;
    bool initialized_ = false;
};

Error nvml_failed(const char* call, int code);

}  // namespace gusu::agent
