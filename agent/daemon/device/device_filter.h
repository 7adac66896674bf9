// Which device files a task may open, and who sees to it.
#pragma once

#include <string>
#include <vector>

#include "agent/cgroup/device_filter.h"
#include "agent/daemon/node_settings.h"
#include "gusu/config/v1/agent.pb.h"

namespace gusu::agent {

// The node's label that tells people and jobs: "kernel" or "none".
inline constexpr const char* kDeviceFilterLabel = "device_filter";

// What holds for the tasks of this node. Logs what it finds; an error only where the configuration
// requires a filter and there is none. `settings` must know the control groups and the devices.
Result<DeviceFilterKind> choose_device_filter(const config::v1::AgentConfig& config,
                                              const NodeSettings& settings);

// What a task that holds these devices may open, as supervisors are told; `granted` are files of
// devices that plugins have.
std::vector<std::string> allowed_devices(const NodeSettings& settings,
                                         const std::vector<int>& devices,
                                         const std::vector<std::string>& granted = {});

}  // namespace gusu::agent
