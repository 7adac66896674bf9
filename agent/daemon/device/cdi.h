// The Container Device Interface: what a name as "vendor.com/npu=0" stands for, by JSON files on
// the machine.
#pragma once

#include <string>
#include <vector>

#include "deviceplugin/v1beta1/api.pb.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

// What the files say of this device, as a plugin could have said it. A file in a later folder wins.
// An error where no file has it, or where it needs what only a container runtime can do (hooks).
Result<v1beta1::ContainerAllocateResponse> resolve_cdi(const std::string& name,
                                                       const std::vector<std::string>& folders);

}  // namespace gusu::agent
