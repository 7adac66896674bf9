// Where tasks of this node ask for programs in other tasks of their jobs: a socket in the scratch
// of each. The kernel says who is there, so nobody needs a secret.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "agent/daemon/event_loop.h"
#include "agent/daemon/node_settings.h"

namespace gusu::agent {

class StepDoors {
public:
    // A process of this task is at the other end; the socket blocks.
    using Knocked = std::function<void(const TaskKey&, Descriptor)>;

    StepDoors(const NodeSettings& settings, EventLoop& loop) : settings_(settings), loop_(loop) {}
    ~StepDoors();
    StepDoors(const StepDoors&) = delete;
    StepDoors& operator=(const StepDoors&) = delete;

    // Until then nobody is let in.
    void call(Knocked knocked) { knocked_ = std::move(knocked); }
    // Also of a task that an agent before this one has started. A task that cannot have one runs
    // all the same.
    void open(const TaskKey& key);
    void close(const TaskKey& key);

private:
    void let_in(const TaskKey& key);

    const NodeSettings& settings_;
    EventLoop& loop_;
    Knocked knocked_;
    std::map<TaskKey, Descriptor> doors_;
};

// Whether the text of /proc/PID/cgroup tells of a process in this group ("gusu/n1/17.0"), or below
// it.
bool is_in_group(const std::string& own_groups, const std::string& group);

}  // namespace gusu::agent
