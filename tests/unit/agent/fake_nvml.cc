// Stands in for the driver's library: an H100 at index 0, and at index 1 a card that has fallen off
// the bus. Its structures are laid out as in NVIDIA's documentation of NVML, each field at its
// offset. With FAKE_NVML_OLD it is a library of 2013, without all that is only measured.
// With FAKE_NVML_EIGHT all of eight cards answer, they have no files, and what happens to the first
// one stands in the file that GUSU_FAKE_NVML_EVENTS names: "xid 79", "lost".
//
// fake_nvml_* is for tests alone.
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <mutex>
#include <string>

namespace {

constexpr int kSuccess = 0;
constexpr int kInvalidArgument = 2;
constexpr int kInsufficientSize = 7;
#ifndef FAKE_NVML_OLD
constexpr int kNotSupported = 3;
constexpr int kTimeout = 10;
constexpr std::uint64_t kXidCriticalError = 8;
std::condition_variable awake;
bool hanging = false;
std::deque<std::uint64_t> events;  // XIDs of the H100
#endif
constexpr int kGpuIsLost = 15;
constexpr std::uint64_t kMemory = std::uint64_t{81559} << 20;

bool is_lost = false;  // the first one

#if defined(FAKE_NVML_LINKED)
constexpr unsigned int kDevices = 6;
#elif defined(FAKE_NVML_EIGHT)
constexpr unsigned int kDevices = 8;
#else
constexpr unsigned int kDevices = 2;
#endif
int handles[kDevices];
std::mutex mutex;
int users = 0;  // initializations less shutdowns

int give(const char* value, char* text, unsigned int size) {
    if (std::strlen(value) >= size) {
        return kInsufficientSize;
    }
    std::strcpy(text, value);
    return kSuccess;
}

int index_of(const void* device) {
    return static_cast<int>(static_cast<const int*>(device) - &handles[0]);
}

int answers(const void* device) {
    const int index = index_of(device);
    const std::lock_guard lock(mutex);
    return (index > 0 && kDevices == 2) || (index == 0 && is_lost) ? kGpuIsLost : kSuccess;
}

std::string uuid_of(const void* device) {
    std::string uuid = "GPU-11111111-2222-3333-4444-555555555555";
#ifdef FAKE_NVML_EIGHT
    uuid.back() = static_cast<char>('0' + index_of(device));
#else
    (void)device;
#endif
    return uuid;
}

#ifdef FAKE_NVML_EIGHT
// What the test has written since; under the lock.
void take_orders() {
    const char* const name = std::getenv("GUSU_FAKE_NVML_EVENTS");
    static std::streamoff read = 0;
    std::ifstream file(name == nullptr ? "" : name);
    file.seekg(read);
    for (std::string line; std::getline(file, line);) {
        read += static_cast<std::streamoff>(line.size()) + 1;
        if (line == "lost") {
            is_lost = true;
        } else if (line.starts_with("xid ")) {
            events.push_back(std::stoull(line.substr(4)));
        }
    }
}
#endif

// busIdLegacy[16], domain, bus, device, pciDeviceId, pciSubSystemId, busId[32]
void write_pci(int index, void* pci) {
    char bytes[68] = {};
    std::strcpy(bytes, "FFFF:FF:1F.7");
    std::strcpy(bytes + 36, "0000FFFF:FF:1F.7");
    bytes[36 + 9] = static_cast<char>('F' - index);
    std::memcpy(pci, bytes, sizeof bytes);
}

}  // namespace

// NVIDIA named these functions.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

#ifdef FAKE_NVML_MIG
const char* fake_mig_uuid(void* part);  // fake_nvml_mig.cc
#endif

int nvmlInit_v2() {
    const std::lock_guard lock(mutex);
    ++users;
    return kSuccess;
}

int nvmlShutdown() {
    const std::lock_guard lock(mutex);
    --users;
    return kSuccess;
}

int nvmlDeviceGetCount_v2(unsigned int* count) {
    const std::lock_guard lock(mutex);
    *count = kDevices;
    return users > 0 ? kSuccess : kInvalidArgument;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void** device) {
    if (index >= kDevices) {
        return kInvalidArgument;
    }
    *device = &handles[index];
    return kSuccess;
}

int nvmlDeviceGetName(void* device, char* name, unsigned int size) {
    return answers(device) == kSuccess ? give("NVIDIA H100 80GB HBM3", name, size) : kGpuIsLost;
}

int nvmlDeviceGetUUID(void* device, char* uuid, unsigned int size) {
#ifdef FAKE_NVML_MIG
    if (const char* part = fake_mig_uuid(device)) {
        return give(part, uuid, size);
    }
#endif
    return answers(device) == kSuccess ? give(uuid_of(device).c_str(), uuid, size) : kGpuIsLost;
}

// total, free, used
int nvmlDeviceGetMemoryInfo(void* device, void* memory) {
    const std::uint64_t values[3] = {kMemory, kMemory - 1000, 1000};
    std::memcpy(memory, values, sizeof values);
    return answers(device);
}

int nvmlDeviceGetPciInfo_v3(void* device, void* pci) {
    write_pci(index_of(device), pci);
    return answers(device);
}

#ifdef FAKE_NVML_LINKED
// Devices 4 and 0 and devices 0 and 2 are joined; 1 and 5 have links to switches; what 3 has is
// out of use, or leads to the CPU.
int nvmlDeviceGetNvLinkState(void* device, unsigned int link, unsigned int* in_use) {
    *in_use = index_of(device) == 3 && link == 0 ? 0 : 1;
    return link < 2 ? kSuccess : kInvalidArgument;
}

// 0: a GPU, 1: a CPU, 2: a switch
int nvmlDeviceGetNvLinkRemoteDeviceType(void* device, unsigned int /*link*/, int* type) {
    const int types[kDevices] = {0, 2, 0, 1, 0, 2};
    *type = types[index_of(device)];
    return kSuccess;
}

int nvmlDeviceGetNvLinkRemotePciInfo_v2(void* device, unsigned int link, void* pci) {
    const int ends[kDevices][2] = {{4, 2}, {9, 9}, {0, 0}, {0, 9}, {0, 0}, {9, 9}};
    write_pci(ends[index_of(device)][link], pci);
    return kSuccess;
}
#endif

#ifndef FAKE_NVML_OLD
int nvmlDeviceGetMinorNumber(void* device, unsigned int* minor) {
    *minor = 3;
    return kDevices == 8 ? kNotSupported : answers(device);
}

// version, total, reserved, free, used
int nvmlDeviceGetMemoryInfo_v2(void* device, void* memory) {
    std::uint32_t version = 0;
    std::memcpy(&version, memory, sizeof version);
    if (version != 0x2000028) {
        return kInvalidArgument;
    }
    const std::uint64_t values[4] = {kMemory, 100, kMemory - 1000, 900};
    std::memcpy(static_cast<char*>(memory) + 8, values, sizeof values);
    return answers(device);
}

// gpu, memory
int nvmlDeviceGetUtilizationRates(void* device, void* utilization) {
    std::unique_lock lock(mutex);
    awake.wait(lock, [] { return !hanging; });
    lock.unlock();
    const std::uint32_t values[2] = {42, 7};
    std::memcpy(utilization, values, sizeof values);
    return answers(device);
}

int nvmlDeviceGetPowerUsage(void* device, unsigned int* milliwatts) {
    *milliwatts = 350'250;
    return answers(device);
}

int nvmlDeviceGetTemperature(void* device, unsigned int sensor, unsigned int* degrees) {
    *degrees = 51;
    return sensor == 0 ? answers(device) : kInvalidArgument;
}

// The uncorrected errors of its life are what this card does not count.
int nvmlDeviceGetTotalEccErrors(void* device, unsigned int kind, unsigned int counter,
                                unsigned long long* errors) {
    *errors = kind == 0 ? 3 + 27 * counter : 1;
    return kind == 1 && counter == 1 ? kNotSupported : answers(device);
}

int nvmlEventSetCreate(void** set) {
    *set = &events;
    return kSuccess;
}

int nvmlDeviceRegisterEvents(void* device, unsigned long long types, void* set) {
    return types == kXidCriticalError && set == &events ? answers(device) : kInvalidArgument;
}

// device, eventType, eventData, gpuInstanceId, computeInstanceId
int nvmlEventSetWait_v2(void* set, void* event, unsigned int /*milliseconds*/) {
    const std::lock_guard lock(mutex);
#ifdef FAKE_NVML_EIGHT
    take_orders();
#endif
    if (set != &events || events.empty()) {
        return kTimeout;
    }
    void* const device = &handles[0];
    const std::uint64_t values[2] = {kXidCriticalError, events.front()};
    std::memcpy(event, &device, sizeof device);
    std::memcpy(static_cast<char*>(event) + 8, values, sizeof values);
    events.pop_front();
    return kSuccess;
}

int nvmlEventSetFree(void* set) { return set == &events ? kSuccess : kInvalidArgument; }

void fake_nvml_raise_xid(unsigned long long xid) {
    const std::lock_guard lock(mutex);
    events.push_back(xid);
}

void fake_nvml_lose(int whether) {
    const std::lock_guard lock(mutex);
    is_lost = whether != 0;
}

void fake_nvml_hang(int whether) {
    const std::lock_guard lock(mutex);
    hanging = whether != 0;
    awake.notify_all();
}
#endif

int fake_nvml_users() {
    const std::lock_guard lock(mutex);
    return users;
}
}
// NOLINTEND(readability-identifier-naming)
