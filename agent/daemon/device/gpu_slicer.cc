#include "agent/daemon/device/gpu_slicer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <optional>

#include "agent/daemon/files.h"
#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

// Of one GPU, or of the instances on it.
constexpr unsigned int kMostInstances = 16;

std::vector<NvmlGpuInstanceProfile> profiles_of(const Nvml& nvml, NvmlDevice device) {
    std::vector<NvmlGpuInstanceProfile> profiles;
    for (unsigned int number = 0; number < kNvmlMostProfiles; ++number) {
        NvmlGpuInstanceProfile profile{};
        profile.version = kNvmlGpuInstanceProfileVersion2;
        if (nvml.mig.profile(device, number, &profile) == kNvmlSuccess) {
            profile.name[sizeof profile.name - 1] = '\0';
            profiles.push_back(profile);
        }
    }
    return profiles;
}

std::vector<NvmlPlacement> placements_of(const Nvml& nvml, NvmlDevice device,
                                         const NvmlGpuInstanceProfile& profile) {
    std::array<NvmlPlacement, kMostInstances> places{};
    unsigned int count = places.size();
    if (nvml.mig.placements(device, profile.id, places.data(), &count) != kNvmlSuccess) {
        return {};
    }
    return {places.begin(), places.begin() + std::min<std::ptrdiff_t>(count, places.size())};
}

std::vector<NvmlGpuInstance> instances_of(const Nvml& nvml, NvmlDevice device,
                                          const NvmlGpuInstanceProfile& profile) {
    std::array<NvmlGpuInstance, kMostInstances> found{};
    unsigned int count = found.size();
    if (nvml.mig.instances(device, profile.id, found.data(), &count) != kNvmlSuccess) {
        return {};
    }
    return {found.begin(), found.begin() + std::min<std::ptrdiff_t>(count, found.size())};
}

bool is_called(const NvmlGpuInstanceProfile& profile, const std::string& name) {
    const std::string known = profile.name;
    return known == name || known == "MIG " + name;
}

// The one that has all processors of an instance with so many compute slices.
std::optional<unsigned int> whole_compute_profile(const Nvml& nvml, NvmlGpuInstance instance,
                                                  unsigned int compute_slices) {
    for (unsigned int number = 0; number < kNvmlMostProfiles; ++number) {
        NvmlComputeInstanceProfile profile{};
        const int code = nvml.mig.compute_profile(instance, number, 0, &profile);
        if (code == kNvmlSuccess && profile.compute_slices == compute_slices) {
            return profile.id;
        }
    }
    return std::nullopt;
}

// "DeviceFileMinor: 12" and more lines.
Result<std::string> capability_file(const std::filesystem::path& told) {
    const auto text = read_file(told);
    if (!text) {
        return text.error();
    }
    constexpr std::string_view kMinor = "DeviceFileMinor:";
    const std::size_t at = text->find(kMinor);
    if (at == std::string::npos) {
        return Error{ErrorCode::Internal,
                     told.string() + " does not tell which file it is of; is the driver loaded?"};
    }
    return "/dev/nvidia-caps/nvidia-cap" +
           std::to_string(std::atoi(text->c_str() + at + kMinor.size()));
}

Error mig_failed(const char* call, int code, const GpuSlice& slice) {
    return {ErrorCode::Unavailable, "GPU " + std::to_string(slice.device) +
                                        " cannot be cut at slice " + std::to_string(slice.first) +
                                        ": " + call + " gives " + std::to_string(code) +
                                        "; see what nvidia-smi mig -lgi says"};
}

}  // namespace

int slices_of(const Nvml& nvml, NvmlDevice device) {
    unsigned int now = 0;
    unsigned int after_reset = 0;
    const bool is_cut = nvml.mig.mode != nullptr &&
                        nvml.mig.mode(device, &now, &after_reset) == kNvmlSuccess && now == 1;
    unsigned int slices = 0;
    if (is_cut) {
        for (const NvmlGpuInstanceProfile& profile : profiles_of(nvml, device)) {
            for (const NvmlPlacement& place : placements_of(nvml, device, profile)) {
                slices = std::max(slices, place.start + place.size);
            }
        }
    }
    return static_cast<int>(slices);
}

Result<std::unique_ptr<GpuSlicer>> GpuSlicer::open(const std::string& library,
                                                   const std::filesystem::path& capabilities) {
    auto nvml = Nvml::open(library);
    if (!nvml) {
        return nvml.error();
    }
    if (*nvml == nullptr || (*nvml)->mig.create == nullptr || (*nvml)->minor_number == nullptr) {
        return Error{ErrorCode::Unavailable,
                     library + " cannot cut GPUs (MIG); a driver of version 510 or later can"};
    }
    return std::unique_ptr<GpuSlicer>(new GpuSlicer(std::move(*nvml), capabilities));
}

Result<NvmlDevice> GpuSlicer::handle_of(int device) const {
    NvmlDevice handle = nullptr;
    const int code = nvml_->by_index(static_cast<unsigned int>(device), &handle);
    return code == kNvmlSuccess
               ? Result(handle)
               : Result<NvmlDevice>(nvml_failed("nvmlDeviceGetHandleByIndex", code));
}

// Those that lie on any of its slices.
std::vector<NvmlGpuInstance> GpuSlicer::instances_at(NvmlDevice device,
                                                     const GpuSlice& slice) const {
    std::vector<NvmlGpuInstance> found;
    for (const NvmlGpuInstanceProfile& profile : profiles_of(*nvml_, device)) {
        for (const NvmlGpuInstance instance : instances_of(*nvml_, device, profile)) {
            NvmlGpuInstanceInfo info{};
            if (nvml_->mig.info(instance, &info) != kNvmlSuccess) {
                continue;
            }
            const int start = static_cast<int>(info.placement.start);
            const int end = start + static_cast<int>(info.placement.size);
            if (start < slice.first + slice.slices && slice.first < end) {
                found.push_back(instance);
            }
        }
    }
    return found;
}

Status GpuSlicer::destroy(const GpuSlice& slice, NvmlGpuInstance instance) const {
    for (unsigned int number = 0; number < kNvmlMostProfiles; ++number) {
        NvmlComputeInstanceProfile profile{};
        if (nvml_->mig.compute_profile(instance, number, 0, &profile) != kNvmlSuccess) {
            continue;
        }
        std::array<NvmlComputeInstance, kMostInstances> inside{};
        unsigned int count = inside.size();
        nvml_->mig.compute_instances(instance, profile.id, inside.data(), &count);
        for (unsigned int i = 0; i < count && i < inside.size(); ++i) {
            if (const int code = nvml_->mig.destroy_compute(inside[i]); code != kNvmlSuccess) {
                return mig_failed("nvmlComputeInstanceDestroy", code, slice);
            }
        }
    }
    const int code = nvml_->mig.destroy(instance);
    return code == kNvmlSuccess ? Status(Done{})
                                : Status(mig_failed("nvmlGpuInstanceDestroy", code, slice));
}

// One compute instance with all processors; its number.
Result<unsigned int> GpuSlicer::fill(NvmlGpuInstance instance, unsigned int compute_slices) const {
    const auto profile = whole_compute_profile(*nvml_, instance, compute_slices);
    if (!profile) {
        return Error{ErrorCode::Internal, "the driver knows no compute instance with " +
                                              std::to_string(compute_slices) + " slices"};
    }
    NvmlComputeInstance inside = nullptr;
    if (const int code = nvml_->mig.create_compute(instance, *profile, &inside);
        code != kNvmlSuccess) {
        return nvml_failed("nvmlGpuInstanceCreateComputeInstance", code);
    }
    NvmlComputeInstanceInfo info{};
    const int code = nvml_->mig.compute_info(inside, &info);
    return code == kNvmlSuccess
               ? Result(info.id)
               : Result<unsigned int>(nvml_failed("nvmlComputeInstanceGetInfo", code));
}

Result<GpuInstance> GpuSlicer::describe(NvmlDevice device, NvmlGpuInstance instance,
                                        unsigned int compute_id) const {
    NvmlGpuInstanceInfo info{};
    unsigned int minor = 0;
    unsigned int most = 0;
    nvml_->mig.info(instance, &info);
    nvml_->minor_number(device, &minor);
    nvml_->mig.most_devices(device, &most);
    GpuInstance described;
    for (unsigned int i = 0; i < most && described.uuid.empty(); ++i) {
        NvmlDevice part = nullptr;
        unsigned int gpu_instance = 0;
        unsigned int compute_instance = 0;
        std::array<char, 96> uuid{};
        const bool is_it =
            nvml_->mig.device_by_index(device, i, &part) == kNvmlSuccess &&
            nvml_->mig.gpu_instance_id(part, &gpu_instance) == kNvmlSuccess &&
            nvml_->mig.compute_instance_id(part, &compute_instance) == kNvmlSuccess &&
            gpu_instance == info.id && compute_instance == compute_id;
        if (is_it && nvml_->uuid(part, uuid.data(), uuid.size() - 1) == kNvmlSuccess) {
            described.uuid = uuid.data();
        }
    }
    if (described.uuid.empty()) {
        return Error{ErrorCode::Internal, "the driver does not show the instance it made"};
    }
    const std::filesystem::path folder =
        capabilities_ / ("gpu" + std::to_string(minor)) / "mig" / ("gi" + std::to_string(info.id));
    for (const std::filesystem::path& told :
         {folder / "access", folder / ("ci" + std::to_string(compute_id)) / "access"}) {
        auto file = capability_file(told);
        if (!file) {
            return file.error();
        }
        described.files.push_back(std::move(*file));
    }
    return described;
}

Result<GpuInstance> GpuSlicer::cut(const GpuSlice& slice, const std::string& profile) const {
    if (const Status removed = remove(slice); !removed) {
        return removed.error();
    }
    const auto device = handle_of(slice.device);
    if (!device) {
        return device.error();
    }
    const auto profiles = profiles_of(*nvml_, *device);
    const auto known = std::ranges::find_if(
        profiles, [&](const NvmlGpuInstanceProfile& each) { return is_called(each, profile); });
    if (known == profiles.end()) {
        return Error{ErrorCode::FailedPrecondition,
                     "GPU " + std::to_string(slice.device) + " has no profile \"" + profile +
                         "\"; mend the catalogue by what nvidia-smi mig -lgip says"};
    }
    const NvmlPlacement place{.start = static_cast<unsigned int>(slice.first),
                              .size = static_cast<unsigned int>(slice.slices)};
    NvmlGpuInstance instance = nullptr;
    if (const int code = nvml_->mig.create(*device, known->id, &place, &instance);
        code != kNvmlSuccess) {
        return mig_failed("nvmlDeviceCreateGpuInstanceWithPlacement", code, slice);
    }
    const auto compute = fill(instance, known->compute_slices);
    auto described =
        compute ? describe(*device, instance, *compute) : Result<GpuInstance>(compute.error());
    if (!described) {
        if (const Status removed = remove(slice); !removed) {
            spdlog::error("instance stays reason={}", removed.error().message);
        }
    }
    return described;
}

Status GpuSlicer::remove(const GpuSlice& slice) const {
    const auto device = handle_of(slice.device);
    if (!device) {
        return device.error();
    }
    for (const NvmlGpuInstance instance : instances_at(*device, slice)) {
        if (const Status removed = destroy(slice, instance); !removed) {
            return removed;
        }
    }
    return Done{};
}

void GpuSlicer::remove_others(int device, const std::vector<GpuSlice>& kept) const {
    const auto handle = handle_of(device);
    if (!handle) {
        return;
    }
    for (const NvmlGpuInstance instance :
         instances_at(*handle, {.device = device, .first = 0, .slices = kMostInstances})) {
        NvmlGpuInstanceInfo info{};
        nvml_->mig.info(instance, &info);
        const GpuSlice slice{.device = device,
                             .first = static_cast<int>(info.placement.start),
                             .slices = static_cast<int>(info.placement.size)};
        if (std::ranges::find(kept, slice) != kept.end()) {
            continue;
        }
        const Status removed = destroy(slice, instance);
        spdlog::warn("stray GPU instance device={} slice={} removed={} {}", device, slice.first,
                     removed.ok(), removed.ok() ? "" : removed.error().message);
    }
}

}  // namespace gusu::agent
