// Has the agents' streams looked at for silence, as long as it lives.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "scheduler/service/agents/agent_links.h"

namespace gusu::service {

class SilenceWatch {
public:
    explicit SilenceWatch(AgentLinks& links) : links_(links), thread_([this] { watch(); }) {}
    ~SilenceWatch();
    SilenceWatch(const SilenceWatch&) = delete;
    SilenceWatch& operator=(const SilenceWatch&) = delete;

private:
    void watch();

    AgentLinks& links_;
    std::mutex mutex_;
    std::condition_variable ends_;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace gusu::service
