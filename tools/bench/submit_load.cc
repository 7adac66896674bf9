#include "tools/bench/submit_load.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace gusu::bench {
namespace {

constexpr auto kAnswer = std::chrono::seconds(120);
// In the open loop; beyond it the generator waits, and the latencies show it.
constexpr int kMostUnderWay = 10'000;

// One request after another, over one channel. A batch of one is a SubmitJob.
class Call {
public:
    using Answered = std::function<void(Call&)>;

    Call(std::shared_ptr<grpc::Channel> channel, const SubmitLoad& load)
        : stub_(v1::JobService::NewStub(std::move(channel))), is_single_(load.batch == 1) {
        const v1::JobSpec job = no_op_job(load.job);
        *single_.mutable_spec() = job;
        for (int i = 0; i < load.batch && !is_single_; ++i) {
            *many_.add_specs() = job;
        }
    }

    void send(Clock::time_point due, Answered answered) {
        due_ = due;
        answered_ = std::move(answered);
        context_ = std::make_unique<grpc::ClientContext>();
        context_->set_deadline(std::chrono::system_clock::now() + kAnswer);
        const auto done = [this](const grpc::Status& status) {
            status_ = status;
            const Answered answered_now = std::move(answered_);
            answered_now(*this);
        };
        if (is_single_) {
            single_.set_request_id(rpc::new_request_id());
            stub_->async()->SubmitJob(context_.get(), &single_, &one_, done);
        } else {
            many_.set_request_id(rpc::new_request_id());
            stub_->async()->SubmitJobs(context_.get(), &many_, &ids_, done);
        }
    }

    Clock::time_point due() const { return due_; }
    const grpc::Status& status() const { return status_; }
    JobIds job_ids() const {
        return is_single_ ? JobIds{one_.job().id()}
                          : JobIds(ids_.job_ids().begin(), ids_.job_ids().end());
    }

private:
    std::unique_ptr<v1::JobService::Stub> stub_;
    const bool is_single_;
    v1::SubmitJobRequest single_;
    v1::SubmitJobResponse one_;
    v1::SubmitJobsRequest many_;
    v1::SubmitJobsResponse ids_;
    std::unique_ptr<grpc::ClientContext> context_;
    Answered answered_;
    Clock::time_point due_;
    grpc::Status status_;
};

class Generator {
public:
    Generator(const rpc::Endpoint& target, const SubmitLoad& load)
        : load_(load),
          requests_((load.jobs + load.batch - 1) / load.batch),
          channels_(open_channels(target, load.clients)) {}

    void run() {
        for (const auto& channel : channels_) {
            channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10));
        }
        began_ = Clock::now();
        if (load_.rate > 0) {
            send_at_rate();
        } else {
            send_in_turn();
        }
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return answered_ == sent_; });
        ended_ = Clock::now();
    }

    const JobIds& jobs() const { return jobs_; }
    const std::string& first_error() const { return first_error_; }
    const std::shared_ptr<grpc::Channel>& channel() const { return channels_.front(); }

    Report report() const {
        const double seconds = seconds_between(began_, ended_);
        Report report;
        report.add("clients", std::int64_t{load_.clients});
        report.add("batch", std::int64_t{load_.batch});
        if (load_.rate > 0) {
            report.add("asked_jobs_per_second", load_.rate);
        }
        report.add("jobs", static_cast<std::int64_t>(jobs_.size()));
        report.add("failed_requests", std::int64_t{failed_});
        report.add("seconds", seconds);
        report.add("jobs_per_second", static_cast<double>(jobs_.size()) / seconds);
        report.add_latencies("latency", latencies_);
        if (!first_error_.empty()) {
            report.add("first_error", first_error_);
        }
        return report;
    }

private:
    std::shared_ptr<grpc::Channel> channel_of(std::size_t client) const {
        return channels_[client % channels_.size()];
    }

    void send_in_turn() {
        const auto clients = static_cast<std::size_t>(std::min(load_.clients, requests_));
        for (std::size_t i = 0; i < clients; ++i) {
            calls_.push_back(std::make_unique<Call>(channel_of(i), load_));
        }
        sent_ = static_cast<int>(clients);
        for (const auto& call : calls_) {
            call->send(Clock::now(), [this](Call& answered) { next_in_turn(answered); });
        }
    }

    void next_in_turn(Call& call) {
        note(call);
        bool is_more = false;
        {
            const std::lock_guard lock(mutex_);
            is_more = sent_ < requests_;
            sent_ += is_more ? 1 : 0;
        }
        if (is_more) {
            call.send(Clock::now(), [this](Call& answered) { next_in_turn(answered); });
        }
        count_answer();
    }

    void send_at_rate() {
        const auto between = std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(load_.batch / load_.rate));
        for (int i = 0; i < requests_; ++i) {
            const Clock::time_point due = began_ + i * between;
            std::this_thread::sleep_until(due);
            Call& call = idle_call();
            call.send(due, [this](Call& answered) {
                note(answered);
                {
                    const std::lock_guard lock(mutex_);
                    idle_.push_back(&answered);
                }
                count_answer();
            });
        }
    }

    Call& idle_call() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !idle_.empty() || sent_ - answered_ < kMostUnderWay; });
        ++sent_;
        if (idle_.empty()) {
            calls_.push_back(std::make_unique<Call>(channel_of(calls_.size()), load_));
            return *calls_.back();
        }
        Call* call = idle_.back();
        idle_.pop_back();
        return *call;
    }

    void note(const Call& call) {
        const double seconds = seconds_between(call.due(), Clock::now());
        const JobIds ids = call.status().ok() ? call.job_ids() : JobIds();
        const std::lock_guard lock(mutex_);
        latencies_.push_back(seconds);
        jobs_.insert(jobs_.end(), ids.begin(), ids.end());
        if (!call.status().ok()) {
            ++failed_;
            if (first_error_.empty()) {
                first_error_ = rpc::to_error(call.status()).message;
            }
        }
    }

    // The last thing a call does: after it nothing of the generator may be touched.
    void count_answer() {
        const std::lock_guard lock(mutex_);
        ++answered_;
        changed_.notify_all();
    }

    const SubmitLoad load_;
    const int requests_;
    const std::vector<std::shared_ptr<grpc::Channel>> channels_;
    std::vector<std::unique_ptr<Call>> calls_;
    Clock::time_point began_;
    Clock::time_point ended_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Call*> idle_;
    int sent_ = 0;
    int answered_ = 0;
    int failed_ = 0;
    std::vector<double> latencies_;
    JobIds jobs_;
    std::string first_error_;
};

}  // namespace

Result<Report> measure_submissions(const rpc::Endpoint& target, const SubmitLoad& load) {
    Generator generator(target, load);
    generator.run();
    if (generator.jobs().empty()) {
        return Error{ErrorCode::Unavailable, "no job was accepted: " + generator.first_error()};
    }
    if (load.afterwards == Afterwards::Cancel) {
        const auto stub = v1::JobService::NewStub(generator.channel());
        if (const Status done = cancel_all(*stub, generator.jobs()); !done) {
            return done.error();
        }
    }
    return generator.report();
}

}  // namespace gusu::bench
