// Which tenant's tasks hold which devices now. Written by the loop's thread, read by any.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "agent/daemon/task.h"

namespace gusu::agent {

// What stands for the tenants of a shared device if they are not all the same. It can be no
// tenant's name.
inline constexpr const char* kSeveralTenants = "(several)";

class DeviceHolders {
public:
    void take(const Task& task);
    // Whether the devices of a task that holds none yet are not held, or have a share left for it.
    bool have_room(const Task& task) const;
    void leave(const TaskKey& key);
    // For a diagnosis, which is no task. False if a task holds the device; once it is reserved,
    // none has room on it.
    bool reserve(int device);
    void give_back(int device);
    // Of these, those that one task alone holds.
    std::vector<int> held_alone(const std::vector<int>& devices) const;
    // Of the devices that are held.
    std::map<int, std::string> tenants() const;

private:
    mutable std::mutex mutex_;
    struct Holder {
        std::string tenant;
        int milli = 0;
        unsigned slices = 0;  // bit i: slice i
    };
    std::map<int, std::map<TaskKey, Holder>> holders_;
};

}  // namespace gusu::agent
