#include <atomic>
#include <condition_variable>
#include <mutex>

#include "tools/bench/job_watch.h"
#include "tools/bench/run_load.h"

namespace gusu::bench {
namespace {

// What all watchers count together.
struct Tally {
    std::mutex mutex;
    std::condition_variable changed;
    int ready = 0;  // have seen each job once
    int ended = 0;
    std::string first_error;
    std::atomic<std::int64_t> events = 0;
};

using Watchers = std::vector<std::unique_ptr<JobWatch>>;

std::unique_ptr<JobWatch> watcher(Tally& tally, std::shared_ptr<grpc::Channel> channel,
                                  const JobIds& jobs) {
    const auto seen = [&tally, jobs = jobs.size(),
                       events = std::size_t{0}](const v1::Job&) mutable {
        ++tally.events;
        if (++events == jobs) {
            const std::lock_guard lock(tally.mutex);
            ++tally.ready;
            tally.changed.notify_all();
        }
    };
    const auto ended = [&tally](const grpc::Status& status) {
        const std::lock_guard lock(tally.mutex);
        ++tally.ended;
        if (!status.ok() && tally.first_error.empty()) {
            tally.first_error = rpc::to_error(status).message;
        }
        tally.changed.notify_all();
    };
    return std::make_unique<JobWatch>(std::move(channel), jobs, seen, ended);
}

void wait_for_all(Tally& tally, int watchers) {
    std::unique_lock lock(tally.mutex);
    tally.changed.wait(lock, [&] { return tally.ended == watchers; });
}

// Streams must be over before their watchers go.
Error given_up(Tally& tally, Watchers& watchers, const std::string& why) {
    for (const auto& each : watchers) {
        each->stop();
    }
    wait_for_all(tally, static_cast<int>(watchers.size()));
    return {ErrorCode::Unavailable, why};
}

}  // namespace

Result<Report> measure_watches(const rpc::Endpoint& target, const WatchLoad& load) {
    const auto channels = open_channels(target, load.watchers);
    const auto stub = v1::JobService::NewStub(channels.front());
    JobOptions held = load.job;
    held.hold = Hold::Yes;
    const auto jobs = submit_batch(*stub, no_op_job(held), load.jobs);
    if (!jobs) {
        return jobs.error();
    }
    Tally tally;
    Watchers watchers;
    for (int i = 0; i < load.watchers; ++i) {
        const auto& channel = channels[static_cast<std::size_t>(i) % channels.size()];
        watchers.push_back(watcher(tally, channel, *jobs));
    }
    {
        std::unique_lock lock(tally.mutex);
        tally.changed.wait(lock, [&] { return tally.ready == load.watchers || tally.ended > 0; });
    }
    if (tally.ended > 0) {
        return given_up(tally, watchers, "a watcher was refused: " + tally.first_error);
    }
    const std::int64_t before = tally.events;
    const auto began = Clock::now();
    if (const Status released = release_all(*stub, *jobs); !released) {
        return given_up(tally, watchers, released.error().message);
    }
    wait_for_all(tally, load.watchers);
    const double seconds = seconds_between(began, Clock::now());
    const std::int64_t events = tally.events - before;
    Report report;
    report.add("watchers", std::int64_t{load.watchers});
    report.add("jobs", std::int64_t{load.jobs});
    report.add("events", events);
    report.add("seconds", seconds);
    report.add("events_per_second", static_cast<double>(events) / seconds);
    if (!tally.first_error.empty()) {
        report.add("first_error", tally.first_error);
    }
    return report;
}

}  // namespace gusu::bench
