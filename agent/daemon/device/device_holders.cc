#include "agent/daemon/device/device_holders.h"

#include <algorithm>

namespace gusu::agent {

void DeviceHolders::take(const Task& task) {
    const std::lock_guard lock(mutex_);
    for (const int device : task.launch.devices()) {
        holders_[device][task.key] = task.launch.tenant();
    }
}

void DeviceHolders::leave(const TaskKey& key) {
    const std::lock_guard lock(mutex_);
    for (auto& [device, tasks] : holders_) {
        tasks.erase(key);
    }
    std::erase_if(holders_, [](const auto& device) { return device.second.empty(); });
}

std::map<int, std::string> DeviceHolders::tenants() const {
    const std::lock_guard lock(mutex_);
    std::map<int, std::string> tenants;
    for (const auto& [device, tasks] : holders_) {
        const std::string& first = tasks.begin()->second;
        const bool one =
            std::ranges::all_of(tasks, [&](const auto& task) { return task.second == first; });
        tenants[device] = one ? first : kSeveralTenants;
    }
    return tenants;
}

}  // namespace gusu::agent
