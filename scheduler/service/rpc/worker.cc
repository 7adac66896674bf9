#include "scheduler/service/rpc/worker.h"

#include <utility>

namespace gusu::service {

Worker::Worker() : thread_([this] { work_forever(); }) {}

Worker::~Worker() { stop(); }

void Worker::post(std::function<void()> work) {
    {
        const std::lock_guard lock(mutex_);
        if (!stopping_) {
            waiting_.push_back(std::exchange(work, nullptr));
        }
    }
    came_.notify_one();
    if (work) {
        work();
    }
}

void Worker::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    came_.notify_one();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Worker::work_forever() {
    for (;;) {
        std::vector<std::function<void()>> work;
        {
            std::unique_lock lock(mutex_);
            came_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            work = std::exchange(waiting_, {});
        }
        if (work.empty()) {
            return;
        }
        for (const auto& each : work) {
            each();
        }
    }
}

}  // namespace gusu::service
