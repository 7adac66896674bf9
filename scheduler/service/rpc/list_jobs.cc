#include "scheduler/service/rpc/list_jobs.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "scheduler/base/text.h"
#include "scheduler/core/policy/access.h"
#include "scheduler/service/rpc/job_view.h"
#include "scheduler/service/rpc/paging.h"
#include "scheduler/service/rpc/past_jobs.h"

namespace gusu::service {
namespace {

// A list goes through the state in steps of so many jobs, so that it keeps no command waiting long.
constexpr int kJobsAStep = 20'000;

using ListCall = CallPointer<v1::ListJobsRequest, v1::ListJobsResponse>;

// One list on its way: newest first from the state, then merged with what the history has. Alive as
// long as somebody works for it; never touched by two threads at once.
class JobList : public std::enable_shared_from_this<JobList> {
public:
    JobList(ListCall call, Page page, JobId before)
        : call_(std::move(call)),
          page_(std::move(page)),
          before_(before),
          states_(call_->request.states().begin(), call_->request.states().end()) {}

    void read_state() {
        call_->platform.engine.read(
            [self = shared_from_this()](core::Scheduler& scheduler, Time now) {
                const bool more = self->take_step(scheduler, now);
                return [self, more](const Status& durable) { self->go_on(durable, more); };
            });
    }

private:
    bool wants_history() const {
        return call_->request.all() || std::ranges::any_of(states_, [](int state) {
                   return has_ended(static_cast<v1::JobState>(state));
               });
    }

    bool wants(v1::JobState state) const {
        return states_.empty() ? call_->request.all() || !has_ended(state)
                               : states_.contains(state);
    }

    bool wants(const core::State& state, const core::Job& job) const {
        const v1::ListJobsRequest& request = call_->request;
        if (!request.user().empty() && job.spec->user != request.user()) {
            return false;
        }
        if (!wants(wire::shown_state(state, job)) || !core::may_see(state, call_->user(), job)) {
            return false;
        }
        const core::Tenant* tenant = state.tenant(job.demand().tenant);
        return request.tenant().empty() ||
               (tenant != nullptr && is_within(tenant->path, request.tenant()));
    }

    // True if there are more jobs below those looked at.
    bool take_step(core::Scheduler& scheduler, Time now) {
        const core::State& state = scheduler.state();
        if (found_.empty() && !sight_known_) {
            sight_ = sight_of(state, call_->user());
            sight_known_ = true;
        }
        const auto detail = call_->request.brief() ? wire::Detail::Brief : wire::Detail::Full;
        JobLister lister(scheduler, now);
        const auto& jobs = state.jobs();
        auto job = before_in_state_ ? jobs.lower_bound(before_in_state_) : jobs.end();
        for (int looked_at = 0; job != jobs.begin() && looked_at < kJobsAStep; ++looked_at) {
            if (found_.size() > page_.size) {
                return false;
            }
            --job;
            if (wants(state, job->second)) {
                found_.emplace(job->first, lister.show(job->second, detail));
            }
        }
        before_in_state_ = job == jobs.begin() ? JobId{} : job->first;
        return job != jobs.begin() && found_.size() <= page_.size;
    }

    void go_on(const Status& durable, bool more) {
        if (!durable) {
            call_->finish(durable);
        } else if (more) {
            read_state();
        } else if (wants_history()) {
            call_->platform.worker.post(
                [self = shared_from_this()] { self->finish(self->read_history()); });
        } else {
            finish(Done{});
        }
    }

    Status read_history() {
        store::HistoryQuery query;
        query.tenant = call_->request.tenant();
        query.user = call_->request.user();
        query.before = before_;
        query.at_most = static_cast<int>(page_.size) + 1;
        for (const int state : states_) {
            query.states.push_back(wire::short_name(static_cast<v1::JobState>(state)));
        }
        if (!sight_.everything && sight_.tenants.empty()) {
            if (!query.user.empty() && query.user != call_->user()) {
                return Done{};
            }
            query.user = call_->user();
        }
        std::size_t added = 0;
        for (;;) {
            const auto rows = call_->platform.history.list(query);
            if (!rows) {
                return rows.error();
            }
            for (const store::HistoryRow& row : *rows) {
                query.before = row.job;
                added += sight_.sees(row) && add(row) ? 1 : 0;
            }
            const bool last = rows->size() < static_cast<std::size_t>(query.at_most);
            if (last || added > page_.size) {
                return Done{};
            }
        }
    }

    // The state's word on a job is newer.
    bool add(const store::HistoryRow& row) {
        v1::Job job;
        if (found_.contains(row.job) || !job.ParseFromString(row.job_message)) {
            return true;
        }
        job.clear_events();
        if (call_->request.brief()) {
            make_brief(job);
        }
        found_.emplace(row.job, std::move(job));
        return true;
    }

    void finish(const Status& status) {
        std::size_t added = 0;
        JobId last;
        for (auto job = found_.rbegin(); status && job != found_.rend(); ++job) {
            if (added++ == page_.size) {
                call_->response.set_next_page_token(page_token(std::to_string(last.value)));
                break;
            }
            *call_->response.add_jobs() = std::move(job->second);
            last = job->first;
        }
        call_->finish(status);
    }

    const ListCall call_;
    const Page page_;
    const JobId before_;
    const std::set<int> states_;
    JobId before_in_state_ = before_;
    Sight sight_;
    bool sight_known_ = false;
    std::map<JobId, v1::Job> found_;  // one more than the page, if there are more
};

}  // namespace

void list_jobs(const ListCall& call) {
    const auto page = to_page(call->request.page_size(), call->request.page_token());
    if (!page) {
        call->finish(page.error());
        return;
    }
    JobId before;
    if (!page->after.empty()) {
        const char* const end = page->after.data() + page->after.size();
        const auto [stopped, error] = std::from_chars(page->after.data(), end, before.value);
        if (error != std::errc() || stopped != end || !before) {
            call->finish(wire::refuse({nullptr, "page_token", -1},
                                      quote(call->request.page_token()),
                                      "was given by no answer to ListJobs",
                                      "next_page_token of the page before, or empty"));
            return;
        }
    }
    for (const int state : call->request.states()) {
        if (!v1::JobState_IsValid(state) || state == v1::JOB_STATE_UNSPECIFIED) {
            call->finish(wire::refuse({nullptr, "states", -1}, std::to_string(state),
                                      "is no state of a job",
                                      "JOB_STATE_PENDING to JOB_STATE_CANCELLED"));
            return;
        }
    }
    std::make_shared<JobList>(call, *page, before)->read_state();
}

}  // namespace gusu::service
