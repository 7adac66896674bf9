// Removes what ended tasks left and nobody needs any more: old scratch, old logs. On a thread of
// its own, for a scratch may hold millions of files.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "agent/daemon/tasks.h"

namespace gusu::agent {

// One pass. What is older than the settings say by the time it was last changed goes; of tasks in
// `kept` nothing does.
void clean(const NodeSettings& settings, const KeptFiles& kept,
           std::filesystem::file_time_type now);

class Cleaner {
public:
    explicit Cleaner(const NodeSettings& settings);
    ~Cleaner();
    Cleaner(const Cleaner&) = delete;
    Cleaner& operator=(const Cleaner&) = delete;

    // Soon; while a pass is under way only the newest request is kept.
    void request(KeptFiles kept);

private:
    void work();

    const NodeSettings& settings_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<KeptFiles> requested_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace gusu::agent
