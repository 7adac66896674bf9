// One thread for what may block: reads of the history. Neither gRPC's threads nor the engine's wait
// for a disk.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace gusu::service {

class Worker {
public:
    Worker();
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void post(std::function<void()> work);
    // What was posted before is done; what comes later is done at once, by the caller.
    void stop();

private:
    void work_forever();

    std::mutex mutex_;
    std::condition_variable came_;
    std::vector<std::function<void()>> waiting_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace gusu::service
