#include "agent/daemon/device/gpu_monitor.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

using Clock = std::chrono::steady_clock;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr auto kEvery = std::chrono::seconds(1);
constexpr auto kFreshFor = std::chrono::seconds(10);
// For the thread to end by itself.
constexpr auto kEndPatience = std::chrono::milliseconds(500);

using Labels = std::vector<ClientMetric::Label>;

// One family, filled reading by reading. One without series is left out.
class Family {
public:
    Family(const char* name, const char* help, MetricType type) {
        family_.name = name;
        family_.help = help;
        family_.type = type;
    }

    void add(Labels labels, double value) {
        ClientMetric metric;
        metric.label = std::move(labels);
        (family_.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
        family_.metric.push_back(std::move(metric));
    }
    void add(const Labels& labels, const std::optional<double>& value) {
        if (value) {
            add(labels, *value);
        }
    }
    void move_to(std::vector<MetricFamily>& families) {
        if (!family_.metric.empty()) {
            families.push_back(std::move(family_));
        }
    }

private:
    MetricFamily family_;
};

// Since the driver was loaded.
std::uint64_t uncorrected_errors(const GpuReading& reading) {
    std::uint64_t errors = 0;
    for (const EccCount& count : reading.ecc) {
        if (std::string_view(count.kind) == "uncorrected" &&
            std::string_view(count.counter) == "volatile") {
            errors += count.errors;
        }
    }
    return errors;
}

Labels with(Labels labels, const std::string& name, const std::string& value) {
    labels.push_back({name, value});
    return labels;
}

Labels labels_of(const GpuNames& names, int index) {
    const auto accelerator = names.accelerators.find(index);
    return {
        {"node", names.node},
        {"gpu", std::to_string(index)},
        {"accelerator", accelerator == names.accelerators.end() ? "unknown" : accelerator->second}};
}

}  // namespace

std::vector<MetricFamily> gpu_metrics(const GpuNames& names,
                                      const std::vector<GpuReading>& readings,
                                      const std::map<int, std::string>& tenants) {
    Family utilization("gusu_gpu_utilization_ratio", "Of the time, a kernel was running",
                       MetricType::Gauge);
    Family memory("gusu_gpu_memory_used_bytes", "Memory of the device in use", MetricType::Gauge);
    Family power("gusu_gpu_power_watts", "What the device draws", MetricType::Gauge);
    Family temperature("gusu_gpu_temperature_celsius", "Of the device's core", MetricType::Gauge);
    Family xids("gusu_gpu_xid_errors_total", "XIDs since the agent started", MetricType::Counter);
    Family ecc("gusu_gpu_ecc_errors_total", "Errors of memory, since the driver was loaded or ever",
               MetricType::Counter);
    for (const GpuReading& reading : readings) {
        const Labels device = labels_of(names, reading.index);
        const auto tenant = tenants.find(reading.index);
        const Labels held = with(device, "tenant", tenant == tenants.end() ? "" : tenant->second);
        utilization.add(held, reading.utilization);
        memory.add(held, reading.memory_used);
        power.add(held, reading.power);
        temperature.add(held, reading.temperature);
        if (reading.xids) {
            xids.add(with(device, "kind", "application"),
                     static_cast<double>(reading.xids->application));
            xids.add(with(device, "kind", "device"), static_cast<double>(reading.xids->device));
        }
        for (const EccCount& count : reading.ecc) {
            ecc.add(with(with(device, "kind", count.kind), "counter", count.counter),
                    static_cast<double>(count.errors));
        }
    }
    std::vector<MetricFamily> families;
    for (Family* family : {&utilization, &memory, &power, &temperature, &xids, &ecc}) {
        family->move_to(families);
    }
    return families;
}

// The thread may outlive the monitor, so it owns its share of this.
struct GpuMonitor::Shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool stopping = false;
    bool over = false;
    std::vector<GpuReading> readings;
    Clock::time_point read_at;
    bool told_stale = false;
    Faults faults;
    std::map<int, std::uint64_t> uncorrected = {};  // by index, when it was read last
    std::set<int> lost = {};                        // of which that was told

    // Under the lock: once the monitor is going, nobody is told any more.
    void tell_faults(const std::vector<GpuReading>& newest) {
        if (faults == nullptr || stopping) {
            return;
        }
        for (const GpuReading& reading : newest) {
            for (const unsigned long long xid : reading.new_xids) {
                faults({.index = reading.index, .xid = xid});
            }
            if (reading.lost && lost.insert(reading.index).second) {
                faults({.index = reading.index, .lost = true});
            }
            const std::uint64_t errors = uncorrected_errors(reading);
            const auto [before, is_first] = uncorrected.emplace(reading.index, errors);
            if (!is_first && std::exchange(before->second, errors) < errors) {
                faults({.index = reading.index});
            }
        }
    }

    // False when it is time to end.
    bool pause() {
        std::unique_lock lock(mutex);
        return !changed.wait_for(lock, kEvery, [this] { return stopping; });
    }
    void put(std::vector<GpuReading> newest) {
        const std::lock_guard lock(mutex);
        tell_faults(newest);
        readings = std::move(newest);
        read_at = Clock::now();
        told_stale = false;
    }
    void end() {
        const std::lock_guard lock(mutex);
        over = true;
        changed.notify_all();
    }
};

GpuMonitor::GpuMonitor(GpuNames names, const DeviceHolders& holders, const std::string& library,
                       Faults faults)
    : names_(std::move(names)), holders_(holders), shared_(std::make_shared<Shared>()) {
    shared_->faults = std::move(faults);
    thread_ = std::thread([shared = shared_, library] {
        work(shared, library);
        shared->end();
    });
}

GpuMonitor::~GpuMonitor() {
    std::unique_lock lock(shared_->mutex);
    shared_->stopping = true;
    shared_->changed.notify_all();
    const bool over =
        shared_->changed.wait_for(lock, kEndPatience, [this] { return shared_->over; });
    lock.unlock();
    if (over) {
        thread_.join();
    } else {
        thread_.detach();
    }
}

void GpuMonitor::work(const std::shared_ptr<Shared>& shared, const std::string& library) {
    const auto reader = GpuReader::open(library);
    if (!reader || *reader == nullptr) {
        spdlog::error("no metrics of GPUs reason={}",
                      reader ? library + " is not there" : reader.error().message);
        return;
    }
    do {
        shared->put((*reader)->read());
    } while (shared->pause());
}

std::vector<MetricFamily> GpuMonitor::Collect() const {
    const std::map<int, std::string> tenants = holders_.tenants();
    const std::lock_guard lock(shared_->mutex);
    const auto age = Clock::now() - shared_->read_at;
    if (age <= kFreshFor) {
        return gpu_metrics(names_, shared_->readings, tenants);
    }
    if (!shared_->readings.empty() && !std::exchange(shared_->told_stale, true)) {
        spdlog::error("the NVIDIA driver does not answer silent_s={}",
                      std::chrono::duration_cast<std::chrono::seconds>(age).count());
    }
    return {};
}

}  // namespace gusu::agent
