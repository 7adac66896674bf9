// Tells those who wait for a job that it has changed, when the change is durable.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "gusu/v1/job.pb.h"
#include "scheduler/service/engine/engine.h"

namespace gusu::service {

// Called on the journal's thread, which must not wait: note it, and go on elsewhere.
class JobSubscriber {
public:
    virtual ~JobSubscriber() = default;
    // A job or a whole array, as Detail::Brief shows it.
    virtual void job_changed(JobId id, const std::shared_ptr<const v1::Job>& job) = 0;
    // It has ended and left the state; the history has it.
    virtual void job_gone(JobId id) = 0;
    // The scheduler stops.
    virtual void stopping() = 0;
};

class JobHub {
public:
    // Inside a read of the engine, so that nothing is missed between what is read and what follows.
    void subscribe(JobId id, const std::shared_ptr<JobSubscriber>& subscriber);
    // Any thread. A call under way may still come in.
    void unsubscribe(const JobSubscriber* subscriber);

    // An engine listener.
    Release see(core::Scheduler& scheduler, const core::Events& events, Time now);

    // Tells all subscribers, present and future, that the scheduler stops.
    void stop();

private:
    using Subscribers = std::map<const JobSubscriber*, std::weak_ptr<JobSubscriber>>;
    using Changes = std::vector<std::pair<JobId, std::shared_ptr<const v1::Job>>>;

    std::vector<JobId> watched(const std::set<JobId>& changed);
    void deliver(const Changes& changes);

    std::mutex mutex_;
    std::map<JobId, Subscribers> by_job_;
    std::map<const JobSubscriber*, std::vector<JobId>> jobs_of_;
    bool stopped_ = false;
    std::atomic<bool> anybody_ = false;
};

}  // namespace gusu::service
