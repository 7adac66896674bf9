#include "tools/gusu/follow.h"

#include <utility>

namespace gusu::cli {
namespace {

// Patience over one outage; begins anew whenever something has come through.
class Outage {
public:
    explicit Outage(Client& client) : client_(client) {}

    void is_over() {
        if (retry_) {
            client_.note("connected again");
            retry_.reset();
        }
    }

    // Waits before another try; false when the outage has lasted too long.
    bool wait() {
        if (!retry_) {
            retry_.emplace(client_.patience(), client_.patience().outage);
            client_.note("connection lost, reconnecting");
        }
        return client_.wait(*retry_);
    }

private:
    Client& client_;
    std::optional<Retry> retry_;
};

bool is_outage(const Status& status) {
    return !status && status.error().code == ErrorCode::Unavailable;
}

// Where the copy of a log stands.
class LogCopy {
public:
    LogCopy(v1::ReadLogsRequest request, const std::function<bool(std::string_view)>& write,
            Client& client)
        : request_(std::move(request)), write_(write), client_(client) {}

    const v1::ReadLogsRequest& request() const { return request_; }
    int attempt() const { return attempt_; }
    bool broken() const { return broken_; }

    Client::Go take(const v1::ReadLogsResponse& chunk) {
        if (chunk.attempt() != attempt_) {
            attempt_ = chunk.attempt();
            dropped_ = 0;
        }
        if (chunk.dropped() > dropped_) {
            client_.note(std::to_string(chunk.dropped() - dropped_) +
                         " bytes of this log were dropped by its size limit");
            dropped_ = chunk.dropped();
        }
        const auto size = static_cast<std::int64_t>(chunk.data().size());
        moved_on_ = false;
        request_.set_attempt(attempt_);
        request_.set_offset(chunk.offset() + size);
        request_.set_tail_lines(0);
        broken_ = !chunk.data().empty() && !write_(chunk.data());
        return broken_ ? Client::Go::Stop : Client::Go::On;
    }

    void go_to_attempt(int attempt) {
        attempt_ = attempt;
        moved_on_ = true;
        request_.set_attempt(attempt);
        request_.set_offset(0);
    }

    // The job was stopped before the attempt we went on to began: it has no log, and needs none.
    bool is_past_the_end(const Status& status) const {
        return moved_on_ && !status && status.error().code == ErrorCode::NotFound;
    }

private:
    v1::ReadLogsRequest request_;
    const std::function<bool(std::string_view)>& write_;
    Client& client_;
    int attempt_ = 0;
    std::int64_t dropped_ = 0;
    bool broken_ = false;
    bool moved_on_ = false;
};

// A stream that was resumed asked for one attempt and ends with it, though the job may have
// another.
Result<bool> has_next_attempt(Client& client, LogCopy& copy) {
    v1::GetJobRequest request;
    request.set_job_id(copy.request().job_id());
    const Result<v1::GetJobResponse> found = client.call(request);
    if (!found) {
        return found.error();
    }
    const v1::Job& job = found->job();
    if (job.attempt() > copy.attempt()) {
        copy.go_to_attempt(copy.attempt() + 1);
        return true;
    }
    return false;
}

// Whether there is more to copy after a stream that ended well.
Result<bool> goes_on(Client& client, LogCopy& copy, bool every_attempt) {
    if (!every_attempt || copy.broken() || copy.attempt() == 0) {
        return false;
    }
    return has_next_attempt(client, copy);
}

}  // namespace

bool has_ended(v1::JobState state) {
    return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_FAILED ||
           state == v1::JOB_STATE_CANCELLED;
}

Status copy_log(Client& client, v1::ReadLogsRequest request,
                const std::function<bool(std::string_view)>& write) {
    const bool follow = request.follow();
    const bool every_attempt = follow && request.attempt() == 0;
    LogCopy copy(std::move(request), write, client);
    Outage outage(client);
    while (true) {
        Status status = client
                            .read_logs(copy.request(),
                                       [&](const v1::ReadLogsResponse& chunk) {
                                           outage.is_over();
                                           return copy.take(chunk);
                                       })
                            .status;
        if (status) {
            const Result<bool> more = goes_on(client, copy, every_attempt);
            if (more && !*more) {
                return Done{};
            }
            if (more) {
                continue;
            }
            status = more.error();
        }
        if (copy.is_past_the_end(status)) {
            return Done{};
        }
        if (!follow || !is_outage(status) || !outage.wait()) {
            return status;
        }
    }
}

Result<WatchResult> watch_jobs(Client& client, const WatchOptions& options) {
    v1::WatchJobsRequest request;
    request.mutable_job_ids()->Add(options.job_ids.begin(), options.job_ids.end());
    WatchResult result;
    Outage outage(client);
    while (true) {
        const Client::StreamEnd end =
            client.watch(request, options.until, [&](const v1::WatchJobsResponse& response) {
                outage.is_over();
                request.set_resume_token(response.resume_token());
                result.jobs[response.job().id()] = response.job();
                return options.changed(response.job());
            });
        if (end.status) {
            return result;
        }
        const bool late = options.until && Retry::Clock::now() >= *options.until;
        if (end.out_of_time || late) {
            result.out_of_time = true;
            return result;
        }
        if (!is_outage(end.status) || !outage.wait()) {
            return end.status.error();
        }
    }
}

}  // namespace gusu::cli
