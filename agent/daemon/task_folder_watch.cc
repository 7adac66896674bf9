#include "agent/daemon/task_folder_watch.h"

#include <sys/inotify.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string_view>
#include <utility>

#include "scheduler/base/log.h"

namespace gusu::agent {

TaskFolderWatch::TaskFolderWatch(EventLoop& loop, Callback appeared)
    : loop_(loop),
      appeared_(std::move(appeared)),
      events_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (events_.open()) {
        loop_.watch(events_.get(), [this] { take(); });
    } else {
        spdlog::error("what tasks save is noticed only when they end reason={}",
                      std::strerror(errno));
    }
}

TaskFolderWatch::~TaskFolderWatch() {
    if (events_.open()) {
        loop_.unwatch(events_.get());
    }
}

void TaskFolderWatch::add(const TaskKey& key, const std::filesystem::path& folder) {
    const int number = ::inotify_add_watch(events_.get(), folder.c_str(), IN_MOVED_TO);
    if (number >= 0) {
        keys_[number] = key;
    } else {
        spdlog::warn("saved work is noticed only when the task ends task={} reason={}",
                     to_text(key), std::strerror(errno));
    }
}

void TaskFolderWatch::note(const inotify_event& event, Appeared& appeared) {
    const auto found = keys_.find(event.wd);
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
        for (const auto& [number, key] : keys_) {
            appeared.insert({key, ""});
        }
    } else if ((event.mask & IN_IGNORED) != 0) {
        keys_.erase(event.wd);
    } else if (found != keys_.end() && event.len > 0) {
        appeared.insert({found->second, event.name});
    }
}

void TaskFolderWatch::take() {
    Appeared appeared;
    alignas(inotify_event) char buffer[16384];
    for (ssize_t got = 0; (got = ::read(events_.get(), buffer, sizeof buffer)) > 0;) {
        for (const char* at = buffer; at < buffer + got;) {
            const auto& event = *reinterpret_cast<const inotify_event*>(at);
            at += sizeof event + event.len;
            note(event, appeared);
        }
    }
    for (const auto& [key, file] : appeared) {
        appeared_(key, file);
    }
}

}  // namespace gusu::agent
