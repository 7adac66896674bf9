// Stands in for the driver's library: an H100 at index 0, and at index 1 a card that has fallen off
// the bus. Its structures are laid out as in NVIDIA's documentation of NVML, each field at its
// offset.
#include <cstdint>
#include <cstring>

namespace {

constexpr int kSuccess = 0;
constexpr int kInvalidArgument = 2;
constexpr int kInsufficientSize = 7;
constexpr int kGpuIsLost = 15;
constexpr std::uint64_t kMemory = std::uint64_t{81559} << 20;

int handles[2];
int users = 0;  // initializations less shutdowns

int give(const char* value, char* text, unsigned int size) {
    if (std::strlen(value) >= size) {
        return kInsufficientSize;
    }
    std::strcpy(text, value);
    return kSuccess;
}

int answers(const void* device) { return device == &handles[0] ? kSuccess : kGpuIsLost; }

}  // namespace

extern "C" {

int nvmlInit_v2() {
    ++users;
    return kSuccess;
}

int nvmlShutdown() {
    --users;
    return kSuccess;
}

int nvmlDeviceGetCount_v2(unsigned int* count) {
    *count = 2;
    return users > 0 ? kSuccess : kInvalidArgument;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void** device) {
    if (index >= 2) {
        return kInvalidArgument;
    }
    *device = &handles[index];
    return kSuccess;
}

int nvmlDeviceGetName(void* device, char* name, unsigned int size) {
    return answers(device) == kSuccess ? give("NVIDIA H100 80GB HBM3", name, size) : kGpuIsLost;
}

int nvmlDeviceGetUUID(void* device, char* uuid, unsigned int size) {
    return answers(device) == kSuccess
               ? give("GPU-11111111-2222-3333-4444-555555555555", uuid, size)
               : kGpuIsLost;
}

// total, free, used
int nvmlDeviceGetMemoryInfo(void* device, void* memory) {
    const std::uint64_t values[3] = {kMemory, kMemory - 1000, 1000};
    std::memcpy(memory, values, sizeof values);
    return answers(device);
}

// busIdLegacy[16], domain, bus, device, pciDeviceId, pciSubSystemId, busId[32]
int nvmlDeviceGetPciInfo_v3(void* device, void* pci) {
    char bytes[68] = {};
    std::strcpy(bytes, "FFFF:FF:1F.7");
    std::strcpy(bytes + 36, "0000FFFF:FF:1F.7");
    std::memcpy(pci, bytes, sizeof bytes);
    return answers(device);
}
}
