// The metrics of a node's GPUs. A thread of its own reads them once a second, so a driver that
// hangs holds up neither the agent nor whoever asks for metrics: they see no series then.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/daemon/device/device_holders.h"
#include "agent/daemon/device/gpu_reader.h"

namespace gusu::agent {

struct GpuNames {
    std::string node;
    std::map<int, std::string> accelerators;  // by index
};

// The series of gusu_gpu_*, by name. What grows only has no label of a tenant: it would begin anew
// with every tenant.
std::vector<prometheus::MetricFamily> gpu_metrics(const GpuNames& names,
                                                  const std::vector<GpuReading>& readings,
                                                  const std::map<int, std::string>& tenants);

// What the driver told of a device.
struct GpuFault {
    int index = 0;
    std::optional<unsigned long long> xid = {};  // none: errors of memory that ECC cannot correct
    bool lost = false;                           // or neither: it is there no more
};

class GpuMonitor final : public prometheus::Collectable {
public:
    using Faults = std::function<void(const GpuFault&)>;
    // `holders` must outlive it. `faults` is called on its thread, as long as it lives.
    GpuMonitor(GpuNames names, const DeviceHolders& holders,
               const std::string& library = kNvmlLibrary, Faults faults = nullptr);
    // Leaves a thread that hangs in the driver to itself.
    ~GpuMonitor() override;
    GpuMonitor(const GpuMonitor&) = delete;
    GpuMonitor& operator=(const GpuMonitor&) = delete;

    // From any thread.
    std::vector<prometheus::MetricFamily> Collect() const override;

private:
    struct Shared;
    static void work(const std::shared_ptr<Shared>& shared, const std::string& library);

    const GpuNames names_;
    const DeviceHolders& holders_;
    const std::shared_ptr<Shared> shared_;
    std::thread thread_;
};

}  // namespace gusu::agent
