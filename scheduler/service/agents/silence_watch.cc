#include "scheduler/service/agents/silence_watch.h"

namespace gusu::service {

SilenceWatch::~SilenceWatch() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    ends_.notify_all();
    thread_.join();
}

void SilenceWatch::watch() {
    std::unique_lock lock(mutex_);
    while (!ends_.wait_for(lock, links_.silence_tick(), [this] { return ending_; })) {
        links_.check_silence(AgentStream::Steady::now());
    }
}

}  // namespace gusu::service
