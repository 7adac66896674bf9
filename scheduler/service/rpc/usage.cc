#include "scheduler/service/rpc/usage.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "scheduler/core/decide/decide.h"
#include "scheduler/core/policy/access.h"
#include "scheduler/core/step.h"
#include "scheduler/service/rpc/past_jobs.h"
#include "scheduler/wire/amounts.h"
#include "scheduler/wire/show.h"

namespace gusu::service {
namespace {

using UsageCall = CallPointer<v1::GetUsageRequest, v1::GetUsageResponse>;

constexpr Duration kUsual = std::chrono::hours(24 * 30);
// Between two looks at the running jobs none may have ended; with so many tries one was lucky.
constexpr int kTries = 5;

struct Interval {
    Time since;
    Time until;
};

struct Sum {
    store::Int128 milli_gpu_ms = 0;
    store::Int128 milli_cpu_ms = 0;
    std::int64_t jobs = 0;
};
using Key = std::tuple<std::string, std::string, std::string>;  // tenant, user, accelerator
using Sums = std::map<Key, Sum>;

Result<Interval> to_interval(const v1::GetUsageRequest& request, Time now) {
    Interval interval{now - kUsual, now};
    if (request.has_until()) {
        const auto until = wire::to_time({nullptr, "until", -1}, request.until());
        if (!until) {
            return until.error();
        }
        interval = {*until - kUsual, *until};
    }
    if (request.has_since()) {
        const auto since = wire::to_time({nullptr, "since", -1}, request.since());
        if (!since) {
            return since.error();
        }
        interval.since = *since;
    }
    if (interval.until <= interval.since) {
        return wire::refuse({nullptr, "until", -1}, "is not after since", "a time after since");
    }
    return interval;
}

// Whose rows the caller may see.
class UsageSight {
public:
    UsageSight(const core::State& state, const std::string& user) : jobs_(sight_of(state, user)) {
        for (const auto& [id, tenant] : state.tenants()) {
            if (core::may_see(state, user, tenant)) {
                tenants_.insert(tenant.path);
            }
        }
    }

    // One's own usage, that of tenants one sees, and of single users only where one sees their
    // jobs.
    bool sees(const Key& key, bool by_user) const {
        const auto& [tenant, user, accelerator] = key;
        store::HistoryRow row;
        row.tenant = tenant;
        row.user = user;
        return jobs_.sees(row) || (!by_user && tenants_.contains(tenant));
    }

private:
    Sight jobs_;
    std::set<std::string> tenants_;
};

class UsageReport : public std::enable_shared_from_this<UsageReport> {
public:
    explicit UsageReport(UsageCall call) : call_(std::move(call)) {}

    void begin() {
        call_->platform.engine.read(
            [self = shared_from_this()](core::Scheduler& scheduler, Time now) -> Release {
                const Status outcome = self->look(scheduler.state(), now);
                return [self, outcome](const Status& durable) {
                    if (!outcome || !durable) {
                        self->call_->finish(outcome ? durable : outcome);
                        return;
                    }
                    self->call_->platform.worker.post([self] { self->read_history(); });
                };
            });
    }

private:
    Status look(const core::State& state, Time now) {
        const auto interval = to_interval(call_->request, now);
        if (!interval) {
            return interval.error();
        }
        interval_ = *interval;
        const std::string& above = call_->request.tenant();
        if (!above.empty()) {
            const auto found = core::visible_tenant(state, call_->user(), above, "tenant");
            if (!found) {
                return found.error();
            }
        }
        sight_.emplace(state, call_->user());
        running_.clear();
        placed_.clear();
        for (const auto& [incarnation, id] : state.placed()) {
            const core::Job& job = *state.job(id);
            const core::Tenant* tenant = state.tenant(job.demand().tenant);
            if (tenant != nullptr && is_within(tenant->path, above)) {
                placed_.insert(incarnation);
                add_running(job, tenant->path, now);
            }
        }
        return Done{};
    }

    void add_running(const core::Job& job, const std::string& tenant, Time now) {
        std::set<Key> counted;
        for (const core::UsageRow& row : core::usage_of(job, now)) {
            const Time from = std::max(row.from, interval_.since);
            const Time until = std::min(now, interval_.until);
            if (until <= from) {
                continue;
            }
            const Key key{tenant, call_->request.by_user() ? row.user : "", row.accelerator};
            Sum& sum = running_[key];
            const auto held = static_cast<store::Int128>((until - from).count());
            sum.milli_gpu_ms += held * row.milli_gpus.units();
            sum.milli_cpu_ms += held * row.milli_cpus.units();
            sum.jobs += counted.insert(key).second ? 1 : 0;
        }
    }

    void read_history() {
        const auto by =
            call_->request.by_user() ? store::History::By::User : store::History::By::Tenant;
        const auto rows = call_->platform.history.usage(call_->request.tenant(), interval_.since,
                                                        interval_.until, by);
        if (!rows) {
            call_->finish(rows.error());
            return;
        }
        sums_ = running_;
        for (const store::UsageSum& row : *rows) {
            Sum& sum = sums_[{row.tenant, row.user, row.accelerator}];
            sum.milli_gpu_ms += row.milli_gpu_ms;
            sum.milli_cpu_ms += row.milli_cpu_ms;
            sum.jobs += row.jobs;
        }
        finish();
    }

    // A job that ended while the history was read may be in both; then all is read again.
    void finish() {
        call_->platform.engine.read(
            [self = shared_from_this()](core::Scheduler& scheduler, Time) -> Release {
                const core::State& state = scheduler.state();
                const bool same =
                    std::ranges::all_of(self->placed_, [&](const IncarnationId incarnation) {
                        return state.placed().contains(incarnation);
                    });
                if (!same && ++self->tries_ < kTries) {
                    return [self](const Status&) { self->begin(); };
                }
                self->fill(state);
                return [self](const Status& durable) { self->call_->finish(durable); };
            });
    }

    void fill(const core::State& state) {
        for (const auto& [key, sum] : sums_) {
            if (!sight_->sees(key, call_->request.by_user())) {
                continue;
            }
            const auto& [tenant, user, accelerator] = key;
            *call_->response.add_rows() = wire::to_proto(
                state, wire::UsageTotal{.tenant = tenant,
                                        .user = user,
                                        .accelerator = accelerator,
                                        .milli_gpu_ms = static_cast<double>(sum.milli_gpu_ms),
                                        .milli_cpu_ms = static_cast<double>(sum.milli_cpu_ms),
                                        .jobs = sum.jobs});
        }
        *call_->response.mutable_since() = wire::from_time(interval_.since);
        *call_->response.mutable_until() = wire::from_time(interval_.until);
    }

    const UsageCall call_;
    Interval interval_;
    std::optional<UsageSight> sight_;
    std::set<IncarnationId> placed_;
    Sums running_;
    Sums sums_;
    int tries_ = 0;
};

}  // namespace

void get_usage(const UsageCall& call) { std::make_shared<UsageReport>(call)->begin(); }

}  // namespace gusu::service
