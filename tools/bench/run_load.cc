#include "tools/bench/run_load.h"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>

#include "tools/bench/job_watch.h"

namespace gusu::bench {
namespace {

using Stub = v1::JobService::Stub;

bool has_ended(v1::JobState state) {
    return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_FAILED ||
           state == v1::JOB_STATE_CANCELLED;
}

// Until all of them have ended; each sight of a job is told.
Status watch_until_ended(Stub& stub, const JobIds& ids,
                         const std::function<void(const v1::Job&)>& seen) {
    grpc::ClientContext context;
    v1::WatchJobsRequest request;
    request.mutable_job_ids()->Add(ids.begin(), ids.end());
    const auto reader = stub.WatchJobs(&context, request);
    v1::WatchJobsResponse response;
    while (reader->Read(&response)) {
        seen(response.job());
    }
    const grpc::Status status = reader->Finish();
    return status.ok() ? Status(Done{}) : Status(rpc::to_error(status));
}

void add_ends(const std::map<v1::JobState, std::int64_t>& ends, Report& report) {
    const auto of = [&](v1::JobState state) {
        const auto found = ends.find(state);
        return found == ends.end() ? std::int64_t{0} : found->second;
    };
    report.add("succeeded", of(v1::JOB_STATE_SUCCEEDED));
    report.add("failed", of(v1::JOB_STATE_FAILED));
    report.add("cancelled", of(v1::JOB_STATE_CANCELLED));
}

double wall_seconds(const google::protobuf::Timestamp& time) {
    return static_cast<double>(time.seconds()) + static_cast<double>(time.nanos()) * 1e-9;
}

double wall_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration<double>(now).count();
}

// Watches that begin as soon as their jobs are submitted, since the scheduler forgets ended jobs.
class Watches {
public:
    explicit Watches(std::shared_ptr<grpc::Channel> channel) : channel_(std::move(channel)) {}
    // Streams must be over before they go.
    ~Watches() {
        for (const auto& watch : watches_) {
            watch->stop();
        }
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return over_ == watches_.size(); });
    }
    Watches(const Watches&) = delete;
    Watches& operator=(const Watches&) = delete;

    void add(const JobIds& jobs) {
        const auto seen = [this](const v1::Job& job) {
            if (has_ended(job.state())) {
                const std::lock_guard lock(mutex_);
                ++ends_[job.state()];
            }
        };
        const auto over = [this](const grpc::Status& status) {
            const std::lock_guard lock(mutex_);
            ++over_;
            if (!status.ok()) {
                result_ = rpc::to_error(status);
            }
            changed_.notify_all();
        };
        watches_.push_back(std::make_unique<JobWatch>(channel_, jobs, seen, over));
    }

    // Until all jobs have ended.
    Status wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return over_ == watches_.size(); });
        return result_;
    }

    // After wait().
    const std::map<v1::JobState, std::int64_t>& ends() const { return ends_; }

private:
    const std::shared_ptr<grpc::Channel> channel_;
    std::vector<std::unique_ptr<JobWatch>> watches_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t over_ = 0;
    std::map<v1::JobState, std::int64_t> ends_;
    Status result_ = Done{};
};

}  // namespace

Result<Report> measure_runs(const rpc::Endpoint& target, const RunLoad& load) {
    const auto channels = open_channels(target, 2);
    const auto stub = v1::JobService::NewStub(channels.front());
    const v1::JobSpec job = no_op_job(load.job);
    Watches watches(channels.back());
    const auto began = Clock::now();
    for (int left = load.jobs; left > 0; left -= load.batch) {
        const auto ids = submit_batch(*stub, job, std::min(left, load.batch));
        if (!ids) {
            return ids.error();
        }
        watches.add(*ids);
    }
    const auto submitted = Clock::now();
    if (const Status watched = watches.wait(); !watched) {
        return watched.error();
    }
    const double seconds = seconds_between(began, Clock::now());
    Report report;
    report.add("jobs", std::int64_t{load.jobs});
    report.add("batch", std::int64_t{load.batch});
    add_ends(watches.ends(), report);
    report.add("submit_seconds", seconds_between(began, submitted));
    report.add("seconds", seconds);
    report.add("jobs_per_second", load.jobs / seconds);
    return report;
}

Result<Report> measure_idle_starts(const rpc::Endpoint& target, int jobs, const JobOptions& job) {
    const auto stub = v1::JobService::NewStub(open_channels(target, 1).front());
    const v1::JobSpec spec = no_op_job(job);
    std::vector<double> seen;
    std::vector<double> started;
    std::map<v1::JobState, std::int64_t> ends;
    for (int i = 0; i < jobs; ++i) {
        const auto began = Clock::now();
        const double wall_began = wall_now();
        const auto ids = submit_batch(*stub, spec, 1);
        if (!ids) {
            return ids.error();
        }
        bool is_started = false;
        const Status watched = watch_until_ended(*stub, *ids, [&](const v1::Job& sight) {
            if (!is_started && sight.has_started_at()) {
                is_started = true;
                seen.push_back(seconds_between(began, Clock::now()));
                started.push_back(std::max(0.0, wall_seconds(sight.started_at()) - wall_began));
            }
            ends[sight.state()] += has_ended(sight.state()) ? 1 : 0;
        });
        if (!watched) {
            return watched.error();
        }
    }
    Report report;
    report.add("jobs", std::int64_t{jobs});
    add_ends(ends, report);
    report.add_latencies("start_seen", seen);
    report.add_latencies("started", started);
    return report;
}

}  // namespace gusu::bench
