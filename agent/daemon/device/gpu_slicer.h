// Cuts NVIDIA GPUs that are in MIG mode: an instance for each task that asks for a slice, made when
// the task starts and gone with it. https://docs.nvidia.com/datacenter/tesla/mig-user-guide/
#pragma once

#include <compare>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "agent/daemon/device/nvml.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

// Neighbouring memory slices of a GPU.
struct GpuSlice {
    int device = 0;  // index
    int first = 0;
    int slices = 0;

    friend auto operator<=>(const GpuSlice&, const GpuSlice&) = default;
};

// What a program needs to use a slice.
struct GpuInstance {
    std::string uuid;                // "MIG-...", for CUDA_VISIBLE_DEVICES
    std::vector<std::string> files;  // besides those of the GPU
};

// Into how many memory slices the GPU is cut now; 0: it is not in MIG mode.
int slices_of(const Nvml& nvml, NvmlDevice device);

// Calls block while the driver works, some tenths of a second each.
class GpuSlicer {
public:
    // The kernel tells here which files are an instance's.
    static constexpr const char* kCapabilities = "/proc/driver/nvidia/capabilities";

    static Result<std::unique_ptr<GpuSlicer>> open(
        const std::string& library = kNvmlLibrary,
        const std::filesystem::path& capabilities = kCapabilities);

    // An instance of this profile ("1g.10gb"), in place of what is left there of one before.
    Result<GpuInstance> cut(const GpuSlice& slice, const std::string& profile) const;
    // Nothing of it is left then; an error while a process still uses it.
    Status remove(const GpuSlice& slice) const;
    // All instances of this GPU but those. What does not go stays, and is logged.
    void remove_others(int device, const std::vector<GpuSlice>& kept) const;

private:
    GpuSlicer(std::unique_ptr<Nvml> nvml, std::filesystem::path capabilities)
        : nvml_(std::move(nvml)), capabilities_(std::move(capabilities)) {}

    Result<NvmlDevice> handle_of(int device) const;
    std::vector<NvmlGpuInstance> instances_at(NvmlDevice device, const GpuSlice& slice) const;
    Status destroy(const GpuSlice& slice, NvmlGpuInstance instance) const;
    Result<unsigned int> fill(NvmlGpuInstance instance, unsigned int compute_slices) const;
    Result<GpuInstance> describe(NvmlDevice device, NvmlGpuInstance instance,
                                 unsigned int compute_id) const;

    std::unique_ptr<Nvml> nvml_;
    std::filesystem::path capabilities_;
};

}  // namespace gusu::agent
