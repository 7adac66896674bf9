#include "agent/daemon/device/offered_devices.h"

#include <prometheus/metric_family.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/daemon/device/catalogue.h"
#include "agent/daemon/device/gpu_slicer.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kKeptAwayFor{30};

Result<Catalogue> load_catalogue(const config::v1::AgentConfig& config) {
    constexpr const char* kUsual = "/etc/gusu/catalogue.yaml";
    if (!config.catalogue_file().empty()) {
        return Catalogue::read(config.catalogue_file());
    }
    std::error_code failure;
    return fs::exists(kUsual, failure) ? Catalogue::read(kUsual) : Catalogue();
}

// "": there is none.
fs::path gpucheck_program(const config::v1::AgentConfig& config, const NodeSettings& settings) {
    const std::string& configured = config.gpu_checks().program();
    if (!configured.empty()) {
        return configured == "none" ? "" : configured;
    }
    const fs::path beside = settings.supervisor.parent_path() / "gusu-gpucheck";
    return ::access(beside.c_str(), X_OK) == 0 ? beside : fs::path();
}

}  // namespace

Result<std::unique_ptr<OfferedDevices>> OfferedDevices::open(const Surroundings& around,
                                                             std::vector<v1::Device> own,
                                                             std::function<void()> changed) {
    auto catalogue = load_catalogue(around.config);
    if (!catalogue) {
        return catalogue.error();
    }
    std::unique_ptr<OfferedDevices> devices(
        new OfferedDevices(around, std::move(own), std::move(changed)));
    if (const Status opened = devices->open_plugins(*catalogue); !opened) {
        return opened.error();
    }
    devices->open_care(std::move(*catalogue));
    devices->offer();
    if (const Status opened = devices->open_slicer(); !opened) {
        return opened.error();
    }
    return devices;
}

OfferedDevices::OfferedDevices(const Surroundings& around, std::vector<v1::Device> own,
                               std::function<void()> changed)
    : around_(around), own_(std::move(own)), changed_(std::move(changed)) {}

Status OfferedDevices::open_plugins(const Catalogue& catalogue) {
    if (!around_.config.has_device_plugins()) {
        return Done{};
    }
    const config::v1::DevicePlugins& wanted = around_.config.device_plugins();
    PluginOptions options;
    options.folder = wanted.folder();
    options.memory = around_.settings.state_dir / "plugin-devices.json";
    options.first_index = static_cast<int>(own_.size());
    options.resources = {wanted.resources().begin(), wanted.resources().end()};
    options.catalogue = catalogue;
    auto plugins = DevicePlugins::start(std::move(options), around_.loop, [this] { offer(); });
    if (!plugins) {
        return plugins.error();
    }
    plugins_ = std::move(*plugins);
    return Done{};
}

void OfferedDevices::open_care(Catalogue catalogue) {
    const config::v1::GpuChecks& wanted = around_.config.gpu_checks();
    CareOptions options;
    options.program = gpucheck_program(around_.config, around_.settings);
    options.time_limit = std::chrono::seconds(wanted.time_limit().seconds());
    options.scrub =
        wanted.scrub() == config::v1::SCRUB_POLICY_NEVER ? Scrub::Never : Scrub::OnChangeOfTenant;
    options.memory = around_.settings.state_dir / "device-care.json";
    options.catalogue = std::move(catalogue);
    care_ =
        std::make_unique<DeviceCare>(std::move(options), around_.loop, own_, [this] { offer(); });
}

Status OfferedDevices::open_slicer() {
    const bool some = std::ranges::any_of(around_.settings.devices, [](const v1::Device& device) {
        return device.slices() > 0 && device.healthy() && !device.simulated();
    });
    if (!some) {
        return Done{};
    }
    auto slicer = GpuSlicer::open();
    if (!slicer) {
        return slicer.error();
    }
    around_.settings.slicer = std::move(*slicer);
    return Done{};
}

void OfferedDevices::use(Tasks& tasks) {
    tasks_ = &tasks;
    care_->use(tasks);
    watch_gpus();
}

void OfferedDevices::offer() {
    std::vector<v1::Device> devices = own_;
    if (plugins_ != nullptr) {
        std::ranges::move(plugins_->devices(), std::back_inserter(devices));
    }
    if (care_ != nullptr) {
        care_->describe(devices);
    }
    for (v1::Device& device : devices) {
        const auto away = kept_away_.find(device.index());
        if (away != kept_away_.end() && device.healthy()) {
            device.set_healthy(false);
            device.set_quarantined(true);
            device.set_health_detail(away->second);
        }
    }
    {
        const std::lock_guard lock(mutex_);
        told_ = devices;
    }
    around_.settings.devices = std::move(devices);
    changed_();
}

std::vector<prometheus::MetricFamily> OfferedDevices::Collect() const {
    prometheus::MetricFamily family;
    family.name = "gusu_gpu_healthy";
    family.help = "1 if tasks may have the device, 0 if it has failed or is in quarantine";
    family.type = prometheus::MetricType::Gauge;
    const std::lock_guard lock(mutex_);
    for (const v1::Device& device : told_) {
        if (device.simulated()) {
            continue;
        }
        prometheus::ClientMetric& metric = family.metric.emplace_back();
        metric.label = {{"node", around_.config.node()},
                        {"gpu", std::to_string(device.index())},
                        {"accelerator", device.accelerator()}};
        metric.gauge.value = device.healthy() ? 1 : 0;
    }
    return family.metric.empty() ? std::vector<prometheus::MetricFamily>()
                                 : std::vector{std::move(family)};
}

// What the driver tells of errors reaches the loop from the monitor's own thread.
void OfferedDevices::watch_gpus() {
    GpuNames names{.node = around_.config.node(), .accelerators = {}};
    for (const v1::Device& device : own_) {
        if (!device.simulated()) {
            names.accelerators[device.index()] = device.accelerator();
        }
    }
    if (names.accelerators.empty()) {
        return;
    }
    monitor_ = std::make_unique<GpuMonitor>(
        std::move(names), tasks_->device_holders(), kNvmlLibrary, [this](const GpuFault& fault) {
            around_.loop.post([this, fault] {
                if (fault.lost) {
                    care_->lose(fault.index, "the driver no longer finds it");
                } else if (fault.xid) {
                    care_->xid(fault.index, *fault.xid);
                } else {
                    care_->suspect(fault.index, "memory errors that ECC cannot correct");
                }
            });
        });
}

// Scrubbed for another tenant, and then what plugins have to say.
bool OfferedDevices::prepare(const v1::Launch& launch, const LocalTaskHost::Granted& granted) {
    const std::vector<int> devices(launch.devices().begin(), launch.devices().end());
    const bool asks_plugins = plugins_ != nullptr && plugins_->has_any_of(devices);
    const auto scrubbed = [this, devices, asks_plugins, granted](const Status& clean) {
        if (!clean) {
            granted(clean.error());
        } else if (asks_plugins) {
            ask_plugins(devices, granted);
        } else {
            granted(DeviceGrant());
        }
    };
    // The memory of a device that is shared now is in use, and cannot be written over.
    if (care_->prepare(launch.tenant(), tasks_->device_holders().held_alone(devices), scrubbed)) {
        return true;
    }
    if (asks_plugins) {
        ask_plugins(devices, granted);
    }
    return asks_plugins;
}

void OfferedDevices::ask_plugins(const std::vector<int>& devices,
                                 const LocalTaskHost::Granted& granted) {
    plugins_->allocate(devices, [this, devices, granted](const Result<DeviceGrant>& grant) {
        if (!grant) {
            keep_away(devices, grant.error().message);
        }
        granted(grant);
    });
}

// So that the task which did not get them tries others first.
void OfferedDevices::keep_away(const std::vector<int>& devices, const std::string& why) {
    for (const int index : devices) {
        kept_away_[index] = why;
    }
    offer();
    around_.loop.after(kKeptAwayFor, [this, devices] {
        for (const int index : devices) {
            kept_away_.erase(index);
        }
        offer();
    });
}

}  // namespace gusu::agent
