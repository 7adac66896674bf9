#include "agent/daemon/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "agent/supervisor/boot_clock.h"

namespace gusu::agent {

Result<std::unique_ptr<EventLoop>> EventLoop::open() {
    Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
    Descriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = wake.get();
    if (!epoll.open() || !wake.open() ||
        ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
        return system_error("cannot open", "epoll");
    }
    return std::unique_ptr<EventLoop>(new EventLoop(std::move(epoll), std::move(wake)));
}

EventLoop::EventLoop(Descriptor epoll, Descriptor wake)
    : epoll_(std::move(epoll)), wake_(std::move(wake)) {}

void EventLoop::watch(int fd, Callback callback) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0, "an open file can be watched");
    watchers_[fd] = std::make_shared<Callback>(std::move(callback));
}

void EventLoop::unwatch(int fd) {
    if (watchers_.erase(fd) > 0) {
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    }
}

Duration EventLoop::since_boot() const { return agent::since_boot(); }

void EventLoop::at(Clock::time_point time, Callback callback) {
    timers_.emplace(time, std::move(callback));
}

void EventLoop::post(Callback callback) {
    {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(callback));
    }
    const std::uint64_t one = 1;
    // Full only if it is already readable.
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void EventLoop::stop() {
    post([this] { stopping_ = true; });
}

void EventLoop::run() {
    while (!stopping_) {
        run_once(std::chrono::hours(1));
    }
}

int EventLoop::milliseconds_to_wait(Clock::duration limit) const {
    if (!timers_.empty()) {
        limit = std::min(limit, timers_.begin()->first - Clock::now());
    }
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
    return static_cast<int>(std::clamp<std::int64_t>(whole, 0, 3'600'000));
}

void EventLoop::run_once(Clock::duration limit) {
    epoll_event events[kMostEvents];
    const int count = ::epoll_wait(epoll_.get(), events, kMostEvents, milliseconds_to_wait(limit));
    for (int i = 0; i < count; ++i) {
        const int fd = events[i].data.fd;
        if (fd == wake_.get()) {
            call_posted();
            continue;
        }
        // One called before it in this round may have unwatched it.
        const auto found = watchers_.find(fd);
        if (found != watchers_.end()) {
            const std::shared_ptr<Callback> callback = found->second;
            (*callback)();
        }
    }
    call_timers();
    for (const Callback& callback : each_round_) {
        callback();
    }
}

void EventLoop::call_posted() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof count);
    std::vector<Callback> posted;
    {
        const std::lock_guard lock(mutex_);
        posted.swap(posted_);
    }
    for (const Callback& callback : posted) {
        callback();
    }
}

void EventLoop::call_timers() {
    const auto now = Clock::now();
    while (!timers_.empty() && timers_.begin()->first <= now) {
        const Callback callback = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
        callback();
    }
}

}  // namespace gusu::agent
