#include "scheduler/service/rpc/job_hub.h"

#include "scheduler/service/rpc/job_view.h"

namespace gusu::service {
namespace {

void add_with_array(const core::State& state, JobId id, std::set<JobId>& changed) {
    changed.insert(id);
    if (const core::Job* job = state.job(id); job != nullptr && job->array) {
        changed.insert(job->array->array);
    }
}

// Jobs on a node that came into or out of touch look otherwise.
void add_node(const core::State& state, NodeId id, std::set<JobId>& changed) {
    const core::Node* node = state.node(id);
    for (const core::TaskRef& task : node == nullptr ? std::set<core::TaskRef>() : node->tasks) {
        add_with_array(state, task.job, changed);
    }
}

std::set<JobId> changed_by(const core::State& state, const core::Events& events) {
    std::set<JobId> changed;
    const auto see = [&]<typename Body>(const Body& body) {
        if constexpr (requires { body.jobs; }) {
            changed.insert(body.jobs.begin(), body.jobs.end());
        } else if constexpr (std::is_same_v<Body, core::JobRestored>) {
            // Only in snapshots.
        } else if constexpr (requires { JobId(body.job); }) {
            add_with_array(state, body.job, changed);
        } else if constexpr (requires { NodeId(body.node); }) {
            add_node(state, body.node, changed);
        }
    };
    for (const core::Event& event : events) {
        std::visit(see, event.body);
    }
    return changed;
}

std::shared_ptr<const v1::Job> shown(core::Scheduler& scheduler, JobId id, Time now) {
    const core::State& state = scheduler.state();
    if (const core::Array* array = state.array(id)) {
        return std::make_shared<v1::Job>(show_array(state, *array, now, wire::Detail::Brief));
    }
    const core::Job* job = state.job(id);
    return job == nullptr
               ? nullptr
               : std::make_shared<v1::Job>(show_job(scheduler, *job, now, wire::Detail::Brief));
}

}  // namespace

void JobHub::subscribe(JobId id, const std::shared_ptr<JobSubscriber>& subscriber) {
    {
        const std::lock_guard lock(mutex_);
        if (!stopped_) {
            by_job_[id][subscriber.get()] = subscriber;
            jobs_of_[subscriber.get()].push_back(id);
            anybody_ = true;
            return;
        }
    }
    subscriber->stopping();
}

void JobHub::unsubscribe(const JobSubscriber* subscriber) {
    const std::lock_guard lock(mutex_);
    const auto jobs = jobs_of_.find(subscriber);
    if (jobs == jobs_of_.end()) {
        return;
    }
    for (const JobId id : jobs->second) {
        const auto found = by_job_.find(id);
        if (found != by_job_.end()) {
            found->second.erase(subscriber);
        }
        if (found != by_job_.end() && found->second.empty()) {
            by_job_.erase(found);
        }
    }
    jobs_of_.erase(jobs);
    anybody_ = !by_job_.empty();
}

std::vector<JobId> JobHub::watched(const std::set<JobId>& changed) {
    const std::lock_guard lock(mutex_);
    std::vector<JobId> ids;
    for (const JobId id : changed) {
        if (by_job_.contains(id)) {
            ids.push_back(id);
        }
    }
    return ids;
}

Release JobHub::see(core::Scheduler& scheduler, const core::Events& events, Time now) {
    if (!anybody_ || events.empty()) {
        return {};
    }
    Changes changes;
    for (const JobId id : watched(changed_by(scheduler.state(), events))) {
        changes.emplace_back(id, shown(scheduler, id, now));
    }
    if (changes.empty()) {
        return {};
    }
    return [this, changes = std::move(changes)](const Status&) { deliver(changes); };
}

void JobHub::deliver(const Changes& changes) {
    for (const auto& [id, job] : changes) {
        std::vector<std::shared_ptr<JobSubscriber>> subscribers;
        {
            const std::lock_guard lock(mutex_);
            const auto found = by_job_.find(id);
            for (const auto& [key, weak] : found == by_job_.end() ? Subscribers() : found->second) {
                subscribers.push_back(weak.lock());
            }
        }
        for (const auto& subscriber : subscribers) {
            if (subscriber != nullptr && job != nullptr) {
                subscriber->job_changed(id, job);
            } else if (subscriber != nullptr) {
                subscriber->job_gone(id);
            }
        }
    }
}

void JobHub::stop() {
    std::vector<std::shared_ptr<JobSubscriber>> subscribers;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        for (const auto& [id, of_job] : by_job_) {
            for (const auto& [key, weak] : of_job) {
                subscribers.push_back(weak.lock());
            }
        }
    }
    for (const auto& subscriber : subscribers) {
        if (subscriber != nullptr) {
            subscriber->stopping();
        }
    }
}

}  // namespace gusu::service
