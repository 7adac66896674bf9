// NVIDIA's devices, asked of the driver's own library. It is loaded when the agent starts, so that
// nothing of NVIDIA is needed to build, and a machine without it has simply no such devices.
#pragma once

#include <string>
#include <vector>

#include "gusu/v1/node.pb.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

inline constexpr const char* kNvmlLibrary = "libnvidia-ml.so.1";

// None where the library is not there; an error where it is and does not work.
Result<std::vector<v1::Device>> nvidia_devices(const std::string& library = kNvmlLibrary);

}  // namespace gusu::agent
