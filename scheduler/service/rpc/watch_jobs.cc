#include "scheduler/service/rpc/watch_jobs.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "scheduler/service/rpc/job_refs.h"
#include "scheduler/service/rpc/job_view.h"
#include "scheduler/service/rpc/past_jobs.h"
#include "scheduler/service/rpc/stream.h"

namespace gusu::service {
namespace {

// Of each job only the newest state waits to be sent, so a slow reader costs one message a job.
class WatchStream final : public Stream<v1::WatchJobsResponse>, public JobSubscriber {
public:
    WatchStream(Platform& platform, std::string user)
        : platform_(platform), user_(std::move(user)) {}
    ~WatchStream() override { platform_.hub.unsubscribe(this); }

    void begin(std::vector<core::JobRef> references) {
        auto self = shared();
        platform_.engine.read([self, references = std::move(references)](core::Scheduler& scheduler,
                                                                         Time now) -> Release {
            return self->take(scheduler, references, now);
        });
    }

    void job_changed(JobId id, const std::shared_ptr<const v1::Job>& job) override {
        {
            const std::lock_guard lock(mutex());
            note(id, job);
        }
        settle();
    }

    void job_gone(JobId id) override {
        platform_.worker.post([self = shared(), id] { self->look_up(id); });
    }

    void stopping() override {
        end(Error{ErrorCode::Unavailable, "the scheduler stops; watch again in a moment"});
    }

protected:
    bool next(v1::WatchJobsResponse& response) override {
        if (changed_.empty()) {
            return false;
        }
        *response.mutable_job() = *changed_.begin()->second;
        response.set_resume_token(std::to_string(++sent_));
        changed_.erase(changed_.begin());
        return true;
    }

    void done() override { platform_.hub.unsubscribe(this); }

private:
    std::shared_ptr<WatchStream> shared() {
        return std::static_pointer_cast<WatchStream>(shared_from_this());
    }

    // Subscribes, and gives what the state has; on the engine's thread.
    Release take(core::Scheduler& scheduler, const std::vector<core::JobRef>& references,
                 Time now) {
        sight_ = sight_of(scheduler.state(), user_);
        std::vector<std::pair<JobId, std::shared_ptr<const v1::Job>>> present;
        std::vector<core::JobRef> past;
        for (const core::JobRef& reference : references) {
            const Named named = find(scheduler.state(), reference);
            if (std::holds_alternative<std::monostate>(named)) {
                past.push_back(reference);
                continue;
            }
            if (!std::holds_alternative<std::monostate>(
                    find_visible(scheduler.state(), user_, reference))) {
                const JobId id = id_of(named);
                platform_.hub.subscribe(id, shared());
                reference_of_[id] = reference;
                present.emplace_back(id, std::make_shared<v1::Job>(
                                             show(scheduler, named, now, wire::Detail::Brief)));
                continue;
            }
            return [self = shared(), reference](const Status&) {
                self->end(no_such_job(text(reference)));
            };
        }
        return [self = shared(), present = std::move(present), past](const Status& durable) {
            self->start(present, past, durable);
        };
    }

    void start(const std::vector<std::pair<JobId, std::shared_ptr<const v1::Job>>>& present,
               const std::vector<core::JobRef>& past, const Status& durable) {
        if (!durable) {
            end(durable);
            return;
        }
        {
            const std::lock_guard lock(mutex());
            for (const auto& [id, job] : present) {
                open_.insert(id);
                note(id, job);
            }
            past_open_ += past.size();
            started_ = true;
        }
        for (const core::JobRef& reference : past) {
            platform_.worker.post([self = shared(), reference] { self->look_up_past(reference); });
        }
        settle();
    }

    void look_up(JobId id) {
        const auto job = past_job(platform_.history, sight_, reference_of_.at(id));
        if (!job) {
            end(job.error());
            return;
        }
        job_changed(id, std::make_shared<v1::Job>(*job));
    }

    void look_up_past(const core::JobRef& reference) {
        auto job = past_job(platform_.history, sight_, reference);
        if (!job) {
            end(job.error());
            return;
        }
        make_brief(*job);
        {
            const std::lock_guard lock(mutex());
            --past_open_;
            changed_[{true, job->id()}] = std::make_shared<v1::Job>(std::move(*job));
        }
        settle();
    }

    // Under the lock.
    void note(JobId id, const std::shared_ptr<const v1::Job>& job) {
        if (has_ended(job->state())) {
            open_.erase(id);
        }
        changed_[{false, job->id()}] = job;
    }

    // Sends; ends when nothing can change any more.
    void settle() {
        const bool over = [this] {
            const std::lock_guard lock(mutex());
            return started_ && open_.empty() && past_open_ == 0;
        }();
        if (over) {
            end_well();
        } else {
            send();
        }
    }

    static JobId id_of(const Named& named) {
        const auto* array = std::get_if<const core::Array*>(&named);
        return array != nullptr ? (*array)->id : std::get<const core::Job*>(named)->id;
    }

    static std::string text(const core::JobRef& reference) {
        return std::to_string(reference.job.value) +
               (reference.array_index ? "_" + std::to_string(*reference.array_index) : "");
    }

    Platform& platform_;
    const std::string user_;
    // Set on the engine's thread before anything else can look.
    Sight sight_;
    std::map<JobId, core::JobRef> reference_of_;
    // Under the lock.
    std::map<std::pair<bool, std::string>, std::shared_ptr<const v1::Job>> changed_;
    std::set<JobId> open_;
    std::size_t past_open_ = 0;
    bool started_ = false;
    std::uint64_t sent_ = 0;
};

}  // namespace

grpc::ServerWriteReactor<v1::WatchJobsResponse>* watch_jobs(Platform& platform,
                                                            grpc::CallbackServerContext& context,
                                                            const v1::WatchJobsRequest& request) {
    const auto person = platform.authenticator.identify(context);
    auto stream = std::make_shared<WatchStream>(platform, person ? person->user : "");
    stream->open();
    auto references = to_refs(request.job_ids());
    if (!person || !references) {
        stream->end(person ? references.error() : person.error());
    } else {
        stream->begin(std::move(*references));
    }
    return stream.get();
}

}  // namespace gusu::service
