// Tells when a supervisor has written down that its task's work is saved.
#pragma once

#include <sys/inotify.h>

#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include "agent/daemon/event_loop.h"
#include "agent/daemon/task.h"

namespace gusu::agent {

class SaveWatch {
public:
    using Callback = std::function<void(const TaskKey&)>;

    SaveWatch(EventLoop& loop, Callback saved);
    ~SaveWatch();
    SaveWatch(const SaveWatch&) = delete;
    SaveWatch& operator=(const SaveWatch&) = delete;

    // The folder of the task, until it is removed.
    void add(const TaskKey& key, const std::filesystem::path& folder);

private:
    void take();
    void note(const inotify_event& event, std::set<TaskKey>& saved);

    EventLoop& loop_;
    const Callback saved_;
    Descriptor events_;
    std::map<int, TaskKey> keys_;
};

}  // namespace gusu::agent
