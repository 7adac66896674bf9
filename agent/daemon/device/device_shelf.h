// Where devices wait for tasks, for those who need one for something else.
#pragma once

namespace gusu::agent {

class DeviceShelf {
public:
    virtual ~DeviceShelf() = default;
    // False if a task holds it. No task gets it before it is given back.
    virtual bool take_device(int index) = 0;
    virtual void give_back_device(int index) = 0;
};

}  // namespace gusu::agent
