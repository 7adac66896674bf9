// What this machine offers.
#pragma once

#include <map>
#include <string>

#include "gusu/config/v1/agent.pb.h"
#include "gusu/v1/node.pb.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

inline constexpr const char* kVersion = "0.1.0";

struct Inventory {
    v1::NodeInventory offered;
    std::map<int, std::string> device_files;  // see device/nvidia.h
};

// As configured, and where nothing is configured as the machine is.
Inventory take_inventory(const config::v1::AgentConfig& config);

// Of the running kernel.
Result<std::string> read_boot_id();

}  // namespace gusu::agent
