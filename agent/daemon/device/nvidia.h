// NVIDIA's devices, asked of the driver's own library. A machine without it has simply none.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/daemon/device/nvml.h"
#include "gusu/v1/node.pb.h"

namespace gusu::agent {

// Those of a node, and by index the files by which programs reach them ("/dev/nvidia0"), as far as
// they are known.
struct NodeDevices {
    std::vector<v1::Device> devices;
    std::map<int, std::string> files;
};

// None where there is neither the library nor the driver. Where one of them is there and does not
// work: one unhealthy device that says why.
NodeDevices nvidia_devices(const std::string& library = kNvmlLibrary);

}  // namespace gusu::agent
