#include "agent/daemon/device/device_grant.h"

#include <filesystem>

#include "agent/daemon/device/cdi.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

Error needs_container(const std::string& what) {
    return {ErrorCode::FailedPrecondition,
            "the device plugin wants " + what +
                ", which only a container can have; a task of this node is a process of the "
                "machine"};
}

Status add_device(const v1beta1::DeviceSpec& device, DeviceGrant& grant) {
    const std::string& path = device.host_path();
    if (!path.starts_with("/dev/") || path.find("/../") != std::string::npos) {
        return Error{ErrorCode::InvalidArgument,
                     "the device plugin gives " + quote(path) + ", which is no device file"};
    }
    if (!device.container_path().empty() && device.container_path() != path) {
        return needs_container("the device " + path + " at " + device.container_path());
    }
    const std::string& may = device.permissions();
    if (may.find('r') == std::string::npos || may.find('w') == std::string::npos) {
        return needs_container("the device " + path + " with the permissions " + quote(may));
    }
    grant.files.push_back(path);
    return Done{};
}

// What is on the machine already where the container should have it needs no mount.
Status check_mount(const v1beta1::Mount& mount) {
    if (mount.container_path() != mount.host_path()) {
        return needs_container(mount.host_path() + " at " + mount.container_path());
    }
    std::error_code failure;
    if (!fs::exists(mount.host_path(), failure)) {
        return Error{ErrorCode::NotFound, "the device plugin wants " + mount.host_path() +
                                              ", which is not on this machine"};
    }
    return Done{};
}

Status add(const v1beta1::ContainerAllocateResponse& response, DeviceGrant& grant) {
    for (const auto& [name, value] : response.envs()) {
        if (name.empty() || name.find('=') != std::string::npos || name.starts_with("GUSU_")) {
            return Error{ErrorCode::InvalidArgument, "the device plugin sets the variable " +
                                                         quote(name) + ", which it cannot"};
        }
        grant.environment[name] = value;
    }
    for (const v1beta1::DeviceSpec& device : response.devices()) {
        if (const Status added = add_device(device, grant); !added) {
            return added;
        }
    }
    for (const v1beta1::Mount& mount : response.mounts()) {
        if (const Status right = check_mount(mount); !right) {
            return right;
        }
    }
    return Done{};
}

}  // namespace

Result<DeviceGrant> to_grant(const v1beta1::AllocateResponse& response,
                             const std::vector<std::string>& cdi_folders) {
    if (response.container_responses_size() != 1) {
        return Error{ErrorCode::InvalidArgument,
                     "the device plugin answers for " +
                         std::to_string(response.container_responses_size()) +
                         " containers, and was asked for 1"};
    }
    DeviceGrant grant;
    const v1beta1::ContainerAllocateResponse& answer = response.container_responses(0);
    if (const Status added = add(answer, grant); !added) {
        return added.error();
    }
    for (const v1beta1::CDIDevice& device : answer.cdi_devices()) {
        const auto resolved = resolve_cdi(device.name(), cdi_folders);
        if (!resolved) {
            return resolved.error();
        }
        if (const Status added = add(*resolved, grant); !added) {
            return added.error();
        }
    }
    return grant;
}

}  // namespace gusu::agent
