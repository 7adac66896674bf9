// The folders of a task, and the order for its supervisor.
#pragma once

#include "agent/daemon/device/device_grant.h"
#include "agent/daemon/node_settings.h"
#include "agent/supervisor/records.h"

namespace gusu::agent {

// Below state_dir, with the modes that let tasks reach their scratch and nothing else.
Status make_node_folders(const NodeSettings& settings);

// What the supervisor of this task is to do. Pure, but that device files are looked at. `grant` is
// of devices that plugins have.
SupervisorOrder order_of(const NodeSettings& settings, const TaskKey& key, const v1::Launch& launch,
                         const DeviceGrant& grant = {});

// Makes the task's folders, its script and its order.json. An error is the task's launch error.
Status prepare_task(const NodeSettings& settings, const TaskKey& key, const v1::Launch& launch,
                    const DeviceGrant& grant = {});

}  // namespace gusu::agent
