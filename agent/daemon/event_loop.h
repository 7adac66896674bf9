// One thread that waits for files, times and messages of other threads, and calls whoever waits for
// them. All but post() and stop() belong to that thread (or to the time before run()).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "agent/daemon/files.h"
#include "agent/daemon/timers.h"

namespace gusu::agent {

class EventLoop final : public Timers {
public:
    static Result<std::unique_ptr<EventLoop>> open();

    // Called as long as `fd` is readable (or at its end), until unwatch(), which comes before
    // close.
    void watch(int fd, Callback callback);
    void unwatch(int fd);
    Clock::time_point now() const override { return Clock::now(); }
    Duration since_boot() const override;
    void at(Clock::time_point time, Callback callback) override;
    // At the end of each round, when all that is ready has been called.
    void each_round(Callback callback) { each_round_.push_back(std::move(callback)); }

    // From any thread, in order.
    void post(Callback callback);
    void stop();

    // Until stop().
    void run();
    // One round; waits for something to happen until `limit`. For tests.
    void run_once(Clock::duration limit);

private:
    EventLoop(Descriptor epoll, Descriptor wake);
    int milliseconds_to_wait(Clock::duration limit) const;
    void call_posted();
    void call_timers();

    static constexpr int kMostEvents = 256;

    Descriptor epoll_;
    Descriptor wake_;
    std::map<int, std::shared_ptr<Callback>> watchers_;
    std::multimap<Clock::time_point, Callback> timers_;
    std::vector<Callback> each_round_;

    std::mutex mutex_;
    std::vector<Callback> posted_;
    bool stopping_ = false;
};

}  // namespace gusu::agent
