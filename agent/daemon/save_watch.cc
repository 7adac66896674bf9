#include "agent/daemon/save_watch.h"

#include <sys/inotify.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string_view>
#include <utility>

#include "scheduler/base/log.h"

namespace gusu::agent {

SaveWatch::SaveWatch(EventLoop& loop, Callback saved)
    : loop_(loop), saved_(std::move(saved)), events_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (events_.open()) {
        loop_.watch(events_.get(), [this] { take(); });
    } else {
        spdlog::error("saved work of tasks is noticed only when they end reason={}",
                      std::strerror(errno));
    }
}

SaveWatch::~SaveWatch() {
    if (events_.open()) {
        loop_.unwatch(events_.get());
    }
}

void SaveWatch::add(const TaskKey& key, const std::filesystem::path& folder) {
    const int number = ::inotify_add_watch(events_.get(), folder.c_str(), IN_MOVED_TO);
    if (number >= 0) {
        keys_[number] = key;
    } else {
        spdlog::warn("saved work is noticed only when the task ends task={} reason={}",
                     to_text(key), std::strerror(errno));
    }
}

void SaveWatch::note(const inotify_event& event, std::set<TaskKey>& saved) {
    const auto found = keys_.find(event.wd);
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
        for (const auto& [number, key] : keys_) {
            saved.insert(key);
        }
    } else if ((event.mask & IN_IGNORED) != 0) {
        keys_.erase(event.wd);
    } else if (found != keys_.end() && std::string_view(event.name) == "saves.json") {
        saved.insert(found->second);
    }
}

void SaveWatch::take() {
    std::set<TaskKey> saved;
    alignas(inotify_event) char buffer[16384];
    for (ssize_t got = 0; (got = ::read(events_.get(), buffer, sizeof buffer)) > 0;) {
        for (const char* at = buffer; at < buffer + got;) {
            const auto& event = *reinterpret_cast<const inotify_event*>(at);
            at += sizeof event + event.len;
            note(event, saved);
        }
    }
    for (const TaskKey& key : saved) {
        saved_(key);
    }
}

}  // namespace gusu::agent
