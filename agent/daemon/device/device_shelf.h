// Where devices wait for tasks, for those who need one for something else, or know that it fails.
#pragma once

#include <string>

namespace gusu::agent {

enum class DeviceFailure {
    Suspect,  // a task that fails on it has failed through no fault of its own
    Lost,     // and nothing can run on it any more
};

class DeviceShelf {
public:
    virtual ~DeviceShelf() = default;
    // False if a task holds it. No task gets it before it is given back.
    virtual bool take_device(int index) = 0;
    virtual void give_back_device(int index) = 0;
    // Tasks that hold it hear of it.
    virtual void device_failed(int index, DeviceFailure how, const std::string& why) = 0;
};

}  // namespace gusu::agent
