// What a task needs to use devices that it was given, besides the files of NVIDIA's.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "deviceplugin/v1beta1/api.pb.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

struct DeviceGrant {
    std::map<std::string, std::string> environment;
    std::vector<std::string> files;  // that it may open, "/dev/davinci0"

    friend bool operator==(const DeviceGrant&, const DeviceGrant&) = default;
};

// Of what a plugin answers to Allocate, for a task that is a process of this machine: it sees the
// machine's own files, so what a plugin wants to have elsewhere in a container cannot be done, and
// is an error that says so. CDI names are looked up in `cdi_folders`.
Result<DeviceGrant> to_grant(const v1beta1::AllocateResponse& response,
                             const std::vector<std::string>& cdi_folders);

inline const std::vector<std::string> kCdiFolders{"/etc/cdi", "/var/run/cdi"};

}  // namespace gusu::agent
