// Tasks that run in a container: what gusu-container is told, and what the supervisor is told of
// it.
#pragma once

#include "agent/daemon/device/device_grant.h"
#include "agent/daemon/node_settings.h"
#include "agent/supervisor/records.h"
#include "gusu/config/v1/agent.pb.h"

namespace gusu::agent {

// By the configuration; nullopt if it has no containers. An error names what is wrong there.
Result<std::optional<ContainerSettings>> container_settings(const config::v1::AgentConfig& config);
// An error is why no container can run now.
Status try_containers(const ContainerSettings& containers);

// Why the task cannot run in a container on this node.
Status check_container(const NodeSettings& settings, const v1::Launch& launch);
// Makes of the order for a process one for a container, and writes down what is to be in it.
struct ContainedTask {
    const TaskKey& key;
    const v1::Launch& launch;
    const DeviceGrant& grant;
};
Status put_into_container(const NodeSettings& settings, const ContainedTask& task,
                          SupervisorOrder& order);

// What is left of the container of a task that is over, and of those of unknown tasks. Does not
// wait for podman.
void remove_container(const NodeSettings& settings, const TaskKey& key);
void remove_stray_containers(const NodeSettings& settings, const std::set<std::string>& known);

}  // namespace gusu::agent
