// Tells which files appear in the folders of tasks: what supervisors, and those who speak for
// containers, put there in one step.
#pragma once

#include <sys/inotify.h>

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "agent/daemon/event_loop.h"
#include "agent/daemon/task.h"

namespace gusu::agent {

class TaskFolderWatch {
public:
    using Callback = std::function<void(const TaskKey&, const std::string& file)>;

    TaskFolderWatch(EventLoop& loop, Callback appeared);
    ~TaskFolderWatch();
    TaskFolderWatch(const TaskFolderWatch&) = delete;
    TaskFolderWatch& operator=(const TaskFolderWatch&) = delete;

    // The folder of the task, until it is removed. File "": some have been missed.
    void add(const TaskKey& key, const std::filesystem::path& folder);

private:
    void take();
    using Appeared = std::set<std::pair<TaskKey, std::string>>;
    void note(const inotify_event& event, Appeared& appeared);

    EventLoop& loop_;
    const Callback appeared_;
    Descriptor events_;
    std::map<int, TaskKey> keys_;
};

}  // namespace gusu::agent
