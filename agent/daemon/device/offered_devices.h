// The devices that this node offers now: the machine's own and those of plugins, with what is known
// of their health, and what is done before a task has them.
//
// All on the loop's thread, but for the metrics.
#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/daemon/device/device_care.h"
#include "agent/daemon/device/device_plugins.h"
#include "agent/daemon/device/gpu_monitor.h"
#include "agent/daemon/local_task_host.h"
#include "agent/daemon/node_settings.h"
#include "agent/daemon/tasks.h"
#include "gusu/config/v1/agent.pb.h"

namespace gusu::agent {

class OfferedDevices final : public prometheus::Collectable {
public:
    // All of them outlive it. What is offered is kept in `settings`.
    struct Surroundings {
        const config::v1::AgentConfig& config;
        NodeSettings& settings;
        EventLoop& loop;
    };
    // `own` are the machine's. `changed` is called whenever something else is offered.
    static Result<std::unique_ptr<OfferedDevices>> open(const Surroundings& around,
                                                        std::vector<v1::Device> own,
                                                        std::function<void()> changed);
    OfferedDevices(const OfferedDevices&) = delete;
    OfferedDevices& operator=(const OfferedDevices&) = delete;

    // From then on suspects are diagnosed, and the driver is asked for errors.
    void use(Tasks& tasks);

    // Before a task starts; see LocalTaskHost::prepare_devices_by().
    bool prepare(const v1::Launch& launch, const LocalTaskHost::Granted& granted);
    void check(const v1::CheckDevices& order) { care_->check(order, around_.settings.devices); }

    // The health of each device that is not simulated, whoever tells it.
    std::vector<prometheus::MetricFamily> Collect() const override;
    // nullptr: no devices of which a driver could tell anything.
    const GpuMonitor* monitor() const { return monitor_.get(); }

private:
    OfferedDevices(const Surroundings& around, std::vector<v1::Device> own,
                   std::function<void()> changed);
    Status open_plugins(const Catalogue& catalogue);
    void open_care(Catalogue catalogue);
    Status open_slicer();
    void offer();
    void watch_gpus();
    void ask_plugins(const std::vector<int>& devices, const LocalTaskHost::Granted& granted);
    void keep_away(const std::vector<int>& devices, const std::string& why);

    const Surroundings around_;
    const std::vector<v1::Device> own_;
    const std::function<void()> changed_;
    Tasks* tasks_ = nullptr;
    std::unique_ptr<DevicePlugins> plugins_;  // none unless it is configured
    std::unique_ptr<DeviceCare> care_;
    std::unique_ptr<GpuMonitor> monitor_;
    std::map<int, std::string> kept_away_;  // for a while, and why
    mutable std::mutex mutex_;
    std::vector<v1::Device> told_;  // to whoever asks for metrics
};

}  // namespace gusu::agent
