#include "agent/daemon/device/device_holders.h"

#include <algorithm>
#include <iterator>

namespace gusu::agent {

namespace {

constexpr int kWholeDevice = 1000;

// An order without a share is for whole devices.
int milli_of(const Task& task) {
    const int milli = task.launch.milli_gpus_per_device();
    return milli > 0 ? milli : kWholeDevice;
}

unsigned slices_of(const Task& task) {
    return ((1U << task.launch.slices()) - 1) << task.launch.first_slice();
}

}  // namespace

void DeviceHolders::take(const Task& task) {
    const std::lock_guard lock(mutex_);
    for (const int device : task.launch.devices()) {
        holders_[device][task.key] = {task.launch.tenant(), milli_of(task), slices_of(task)};
    }
}

bool DeviceHolders::have_room(const Task& task) const {
    const std::lock_guard lock(mutex_);
    return std::ranges::all_of(task.launch.devices(), [&](int device) {
        int held = milli_of(task);
        bool is_apart = true;
        if (const auto found = holders_.find(device); found != holders_.end()) {
            for (const auto& [key, holder] : found->second) {
                held += holder.milli;
                is_apart = is_apart && (holder.slices & slices_of(task)) == 0;
            }
        }
        return held <= kWholeDevice && is_apart;
    });
}

void DeviceHolders::leave(const TaskKey& key) {
    const std::lock_guard lock(mutex_);
    for (auto& [device, tasks] : holders_) {
        tasks.erase(key);
    }
    std::erase_if(holders_, [](const auto& device) { return device.second.empty(); });
}

// No task is called so: incarnations count from 1.
bool DeviceHolders::reserve(int device) {
    const std::lock_guard lock(mutex_);
    if (holders_.contains(device)) {
        return false;
    }
    holders_[device][{}] = {"", kWholeDevice};
    return true;
}

void DeviceHolders::give_back(int device) {
    const std::lock_guard lock(mutex_);
    if (const auto found = holders_.find(device); found != holders_.end()) {
        found->second.erase(TaskKey{});
        if (found->second.empty()) {
            holders_.erase(found);
        }
    }
}

std::vector<int> DeviceHolders::held_alone(const std::vector<int>& devices) const {
    const std::lock_guard lock(mutex_);
    std::vector<int> alone;
    std::ranges::copy_if(devices, std::back_inserter(alone), [&](int device) {
        const auto found = holders_.find(device);
        return found != holders_.end() && found->second.size() == 1;
    });
    return alone;
}

std::map<int, std::string> DeviceHolders::tenants() const {
    const std::lock_guard lock(mutex_);
    std::map<int, std::string> tenants;
    for (const auto& [device, tasks] : holders_) {
        const std::string& first = tasks.begin()->second.tenant;
        const bool one = std::ranges::all_of(
            tasks, [&](const auto& task) { return task.second.tenant == first; });
        tenants[device] = one ? first : kSeveralTenants;
    }
    return tenants;
}

}  // namespace gusu::agent
