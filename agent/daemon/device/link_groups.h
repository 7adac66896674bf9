// Which NVIDIA devices of the machine reach each other by NVLink.
#pragma once

#include <vector>

#include "agent/daemon/device/nvml.h"
#include "gusu/v1/node.pb.h"

namespace gusu::agent {

// Numbers the groups, in the order of their first devices. Devices are in one group if a link that
// is in use leads from one to the other, over others too, or if both have links to switches. Alone:
// no group. A driver that knows nothing of links: none.
void find_link_groups(const Nvml& nvml, std::vector<v1::Device>& devices);

}  // namespace gusu::agent
