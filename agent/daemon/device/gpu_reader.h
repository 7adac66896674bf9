// What the driver says of its GPUs now. Calls into the driver may take as long as it likes, so this
// belongs to a thread that nobody waits for.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/daemon/device/nvml.h"

namespace gusu::agent {

// Since the reader was opened. NVIDIA's catalogue of XIDs tells which of them a faulty program
// causes; the others tell of the device.
struct XidCounts {
    std::uint64_t application = 0;
    std::uint64_t device = 0;
};

struct EccCount {
    const char* kind;     // "corrected", "uncorrected"
    const char* counter;  // "volatile": since the driver was loaded; "aggregate": in its life
    std::uint64_t errors = 0;
};

// What a device or its driver does not tell is not there.
struct GpuReading {
    int index = 0;
    std::optional<double> utilization;  // 0 to 1: of the time, a kernel was running
    std::optional<double> memory_used;  // bytes
    std::optional<double> power;        // watts
    std::optional<double> temperature;  // degrees Celsius
    std::vector<EccCount> ecc;
    std::optional<XidCounts> xids;
    std::vector<unsigned long long> new_xids = {};  // since the last reading
    bool lost = false;  // it answered before, and the driver says that it is there no more
};

bool is_application_xid(unsigned long long xid);

class GpuReader {
public:
    // nullptr where there is no library.
    static Result<std::unique_ptr<GpuReader>> open(const std::string& library);
    ~GpuReader();
    GpuReader(const GpuReader&) = delete;
    GpuReader& operator=(const GpuReader&) = delete;

    // Of the devices that answer. XIDs since the last call go to the log too.
    std::vector<GpuReading> read();

private:
    struct Gpu {
        NvmlDevice handle = nullptr;  // nullptr: it does not answer
        std::optional<XidCounts> xids;
        std::vector<unsigned long long> new_xids = {};
        bool answered = false;
    };

    explicit GpuReader(std::unique_ptr<Nvml> nvml);
    void look_for(int index, Gpu& gpu);
    GpuReading read_one(int index, const Gpu& gpu) const;
    void read_ecc(NvmlDevice handle, GpuReading& reading) const;
    void take_xids();

    std::unique_ptr<Nvml> nvml_;
    std::map<int, Gpu> gpus_;
    NvmlEventSet events_ = nullptr;  // nullptr: this driver tells none
};

}  // namespace gusu::agent
