#include "agent/daemon/device/gpu_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

// Of events that are there already: a wait of 0 would be no look at all to some drivers.
constexpr unsigned int kEventPatience = 1;  // milliseconds
constexpr int kMostEventsAtOnce = 256;

void read_memory(const Nvml& nvml, NvmlDevice handle, GpuReading& reading) {
    NvmlMemory2 precise{};
    precise.version = kNvmlMemoryVersion2;
    if (nvml.memory2 != nullptr && nvml.memory2(handle, &precise) == kNvmlSuccess) {
        reading.memory_used = static_cast<double>(precise.used);
        return;
    }
    NvmlMemory memory{};
    const int code = nvml.memory(handle, &memory);
    if (code == kNvmlSuccess) {
        reading.memory_used = static_cast<double>(memory.used);
    }
    reading.lost = code == kNvmlGpuIsLost;
}

}  // namespace

// Graphics engine exception, page fault, stopped processing, clean-up after a kill, video
// processor exception, context switch timeout.
bool is_application_xid(unsigned long long xid) {
    constexpr std::array<unsigned long long, 6> kOfPrograms{13, 31, 43, 45, 68, 109};
    return std::ranges::find(kOfPrograms, xid) != kOfPrograms.end();
}

Result<std::unique_ptr<GpuReader>> GpuReader::open(const std::string& library) {
    auto nvml = Nvml::open(library);
    if (!nvml) {
        return nvml.error();
    }
    if (*nvml == nullptr) {
        return std::unique_ptr<GpuReader>();
    }
    unsigned int count = 0;
    if (const int code = (*nvml)->count(&count); code != kNvmlSuccess) {
        return nvml_failed("nvmlDeviceGetCount", code);
    }
    std::unique_ptr<GpuReader> reader(new GpuReader(std::move(*nvml)));
    for (unsigned int index = 0; index < count; ++index) {
        reader->gpus_[static_cast<int>(index)] = {};
    }
    return reader;
}

GpuReader::GpuReader(std::unique_ptr<Nvml> nvml) : nvml_(std::move(nvml)) {
    const bool tells_events = nvml_->create_events != nullptr &&
                              nvml_->register_events != nullptr && nvml_->wait_event != nullptr &&
                              nvml_->free_events != nullptr;
    if (tells_events && nvml_->create_events(&events_) != kNvmlSuccess) {
        events_ = nullptr;
    }
}

GpuReader::~GpuReader() {
    if (events_ != nullptr) {
        nvml_->free_events(events_);
    }
}

std::vector<GpuReading> GpuReader::read() {
    for (auto& [index, gpu] : gpus_) {
        if (gpu.handle == nullptr) {
            look_for(index, gpu);
        }
    }
    take_xids();
    std::vector<GpuReading> readings;
    for (auto& [index, gpu] : gpus_) {
        if (gpu.handle != nullptr) {
            readings.push_back(read_one(index, gpu));
            gpu.answered |= readings.back().memory_used.has_value();
            readings.back().new_xids = std::exchange(gpu.new_xids, {});
        }
    }
    return readings;
}

void GpuReader::look_for(int index, Gpu& gpu) {
    NvmlDevice handle = nullptr;
    if (nvml_->by_index(static_cast<unsigned int>(index), &handle) != kNvmlSuccess) {
        return;
    }
    gpu.handle = handle;
    if (events_ != nullptr &&
        nvml_->register_events(handle, kNvmlXidCriticalError, events_) == kNvmlSuccess) {
        gpu.xids = XidCounts{};
    }
}

GpuReading GpuReader::read_one(int index, const Gpu& gpu) const {
    GpuReading reading;
    reading.index = index;
    read_memory(*nvml_, gpu.handle, reading);
    reading.lost = reading.lost && gpu.answered;
    NvmlUtilization utilization{};
    if (nvml_->utilization != nullptr &&
        nvml_->utilization(gpu.handle, &utilization) == kNvmlSuccess) {
        reading.utilization = utilization.gpu / 100.0;
    }
    unsigned int milliwatts = 0;
    if (nvml_->power != nullptr && nvml_->power(gpu.handle, &milliwatts) == kNvmlSuccess) {
        reading.power = milliwatts / 1000.0;
    }
    unsigned int degrees = 0;
    if (nvml_->temperature != nullptr &&
        nvml_->temperature(gpu.handle, kNvmlTemperatureOfGpu, &degrees) == kNvmlSuccess) {
        reading.temperature = degrees;
    }
    read_ecc(gpu.handle, reading);
    reading.xids = gpu.xids;
    return reading;
}

void GpuReader::read_ecc(NvmlDevice handle, GpuReading& reading) const {
    constexpr std::array<const char*, 2> kKinds{"corrected", "uncorrected"};
    constexpr std::array<const char*, 2> kCounters{"volatile", "aggregate"};
    if (nvml_->ecc == nullptr) {
        return;
    }
    for (unsigned int which = 0; which < 4; ++which) {
        const unsigned int kind = which / 2;
        const unsigned int counter = which % 2;
        unsigned long long errors = 0;
        if (nvml_->ecc(handle, kind, counter, &errors) == kNvmlSuccess) {
            reading.ecc.push_back(
                {.kind = kKinds[kind], .counter = kCounters[counter], .errors = errors});
        }
    }
}

void GpuReader::take_xids() {
    if (events_ == nullptr) {
        return;
    }
    NvmlEvent event{};
    for (int taken = 0; taken < kMostEventsAtOnce &&
                        nvml_->wait_event(events_, &event, kEventPatience) == kNvmlSuccess;
         ++taken) {
        const auto found = std::ranges::find_if(
            gpus_, [&](const auto& gpu) { return gpu.second.handle == event.device; });
        if (event.type != kNvmlXidCriticalError || found == gpus_.end() || !found->second.xids) {
            continue;
        }
        const bool of_application = is_application_xid(event.value);
        spdlog::warn("error of a device index={} xid={} kind={}", found->first, event.value,
                     of_application ? "application" : "device");
        found->second.new_xids.push_back(event.value);
        ++(of_application ? found->second.xids->application : found->second.xids->device);
    }
}

}  // namespace gusu::agent
