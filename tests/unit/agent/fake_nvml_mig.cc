// The H100 of fake_nvml.cc in MIG mode: profiles 1g.10gb and 3g.40gb, instances that are made and
// destroyed. Structures as NVIDIA documents them, each field at its offset.
//
// fake_mig_* is for tests alone.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <list>
#include <string>

namespace {

constexpr int kSuccess = 0;
constexpr int kInvalidArgument = 2;
constexpr int kNotSupported = 3;
constexpr int kInUse = 19;
constexpr int kInsufficientResources = 23;

struct Profile {
    unsigned int id;
    const char* name;
    unsigned int compute_slices;
    unsigned int slices;
    std::uint32_t starts;
};
constexpr Profile kProfiles[] = {{19, "MIG 1g.10gb", 1, 1, 0x7f}, {9, "MIG 3g.40gb", 3, 4, 0x11}};

struct Instance {
    unsigned int id;
    const Profile* profile;
    unsigned int start;
    bool has_compute = false;
    std::string uuid = {};
};
std::list<Instance> instances;
unsigned int made = 0;
bool busy = false;

const Profile* profile_of(unsigned int id) {
    const auto* found = std::find_if(std::begin(kProfiles), std::end(kProfiles),
                                     [&](const Profile& profile) { return profile.id == id; });
    return found == std::end(kProfiles) ? nullptr : found;
}

Instance& instance_of(void* handle) { return *static_cast<Instance*>(handle); }

bool overlap(const Instance& a, unsigned int start, unsigned int size) {
    return a.start < start + size && start < a.start + a.profile->slices;
}

}  // namespace

// NVIDIA named these functions.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void** device);

static bool is_cut(void* device) {
    void* first = nullptr;
    nvmlDeviceGetHandleByIndex_v2(0, &first);
    return device == first;
}

int nvmlDeviceGetMigMode(void* device, unsigned int* now, unsigned int* after_reset) {
    *now = *after_reset = is_cut(device) ? 1 : 0;
    return kSuccess;
}

// version, id, isP2pSupported, sliceCount, instanceCount, 6 counts of engines, memorySizeMB, name
int nvmlDeviceGetGpuInstanceProfileInfoV(void* device, unsigned int number, void* info) {
    std::uint32_t version = 0;
    std::memcpy(&version, info, sizeof version);
    if (version != (152U | 2U << 24) || !is_cut(device)) {
        return kInvalidArgument;
    }
    if (number % 2 != 0 || number / 2 >= std::size(kProfiles)) {
        return kNotSupported;
    }
    const Profile& profile = kProfiles[number / 2];
    char* const bytes = static_cast<char*>(info);
    std::memcpy(bytes + 4, &profile.id, 4);
    std::memcpy(bytes + 12, &profile.compute_slices, 4);
    std::strcpy(bytes + 56, profile.name);
    return kSuccess;
}

int nvmlDeviceGetGpuInstancePossiblePlacements_v2(void* /*device*/, unsigned int id, void* places,
                                                  unsigned int* count) {
    const Profile* profile = profile_of(id);
    *count = 0;
    for (unsigned int start = 0; profile != nullptr && start < 8; ++start) {
        if ((profile->starts >> start & 1U) != 0) {
            const unsigned int place[2] = {start, profile->slices};
            std::memcpy(static_cast<char*>(places) + sizeof place * (*count)++, place,
                        sizeof place);
        }
    }
    return profile == nullptr ? kInvalidArgument : kSuccess;
}

int nvmlDeviceCreateGpuInstanceWithPlacement(void* /*device*/, unsigned int id, const void* place,
                                             void** instance) {
    unsigned int at[2];
    std::memcpy(at, place, sizeof at);
    const Profile* profile = profile_of(id);
    if (profile == nullptr || at[1] != profile->slices || (profile->starts >> at[0] & 1U) == 0) {
        return kInvalidArgument;
    }
    if (std::any_of(instances.begin(), instances.end(),
                    [&](const Instance& each) { return overlap(each, at[0], at[1]); })) {
        return kInsufficientResources;
    }
    instances.push_back({.id = ++made, .profile = profile, .start = at[0]});
    *instance = &instances.back();
    return kSuccess;
}

int nvmlGpuInstanceDestroy(void* instance) {
    if (instance_of(instance).has_compute) {
        return kInUse;
    }
    instances.remove_if([&](const Instance& each) { return &each == instance; });
    return kSuccess;
}

int nvmlDeviceGetGpuInstances(void* device, unsigned int id, void** found, unsigned int* count) {
    *count = 0;
    for (Instance& each : instances) {
        if (is_cut(device) && each.profile->id == id) {
            found[(*count)++] = &each;
        }
    }
    return kSuccess;
}

// device, id, profileId, start, size
int nvmlGpuInstanceGetInfo(void* instance, void* info) {
    const Instance& known = instance_of(instance);
    const unsigned int values[4] = {known.id, known.profile->id, known.start,
                                    known.profile->slices};
    std::memcpy(static_cast<char*>(info) + 8, values, sizeof values);
    return kSuccess;
}

// id, sliceCount
int nvmlGpuInstanceGetComputeInstanceProfileInfo(void* instance, unsigned int number,
                                                 unsigned int engines, void* info) {
    const unsigned int slices = number + 1;
    if (engines != 0 || slices > instance_of(instance).profile->compute_slices) {
        return kNotSupported;
    }
    const unsigned int values[2] = {number, slices};
    std::memcpy(info, values, sizeof values);
    return kSuccess;
}

int nvmlGpuInstanceCreateComputeInstance(void* instance, unsigned int id, void** inside) {
    Instance& known = instance_of(instance);
    if (id + 1 != known.profile->compute_slices || known.has_compute) {
        return kInvalidArgument;
    }
    known.has_compute = true;
    known.uuid = "MIG-0000-" + std::to_string(known.id);
    *inside = instance;
    return kSuccess;
}

int nvmlComputeInstanceDestroy(void* inside) {
    if (busy) {
        return kInUse;
    }
    instance_of(inside).has_compute = false;
    return kSuccess;
}

int nvmlGpuInstanceGetComputeInstances(void* instance, unsigned int id, void** found,
                                       unsigned int* count) {
    Instance& known = instance_of(instance);
    *count = known.has_compute && id + 1 == known.profile->compute_slices ? 1 : 0;
    found[0] = instance;
    return kSuccess;
}

// device, gpuInstance, id, ...
int nvmlComputeInstanceGetInfo_v2(void* /*inside*/, void* info) {
    const unsigned int id = 0;
    std::memcpy(static_cast<char*>(info) + 16, &id, sizeof id);
    return kSuccess;
}

int nvmlDeviceGetMaxMigDeviceCount(void* /*device*/, unsigned int* count) {
    *count = 7;
    return kSuccess;
}

int nvmlDeviceGetMigDeviceHandleByIndex(void* /*device*/, unsigned int index, void** part) {
    for (Instance& each : instances) {
        if (each.has_compute && index-- == 0) {
            *part = &each;
            return kSuccess;
        }
    }
    return kInvalidArgument;
}

int nvmlDeviceGetGpuInstanceId(void* part, unsigned int* id) {
    *id = instance_of(part).id;
    return kSuccess;
}

int nvmlDeviceGetComputeInstanceId(void* /*part*/, unsigned int* id) {
    *id = 0;
    return kSuccess;
}

const char* fake_mig_uuid(void* part) {
    for (Instance& each : instances) {
        if (&each == part) {
            return each.uuid.c_str();
        }
    }
    return nullptr;
}

int fake_mig_instances() { return static_cast<int>(instances.size()); }
void fake_mig_busy(int whether) { busy = whether != 0; }
}
// NOLINTEND(readability-identifier-naming)
