#include "scheduler/service/rpc/status_service.h"

#include "proto/text/json.h"
#include "scheduler/base/text.h"
#include "scheduler/core/policy/access.h"
#include "scheduler/core/policy/lost_nodes.h"
#include "scheduler/service/metrics/state_counts.h"
#include "scheduler/service/rpc/call.h"
#include "scheduler/service/rpc/job_view.h"
#include "scheduler/service/rpc/past_jobs.h"
#include "scheduler/wire/amounts.h"

namespace gusu::service {
namespace {

struct JobCounts {
    std::map<v1::JobState, std::int64_t> states;
    std::map<v1::WaitReason, std::int64_t> waiting;
};

JobCounts count_all(const core::State& state, Time now) {
    JobCounts counts;
    for (const auto& [tenant, states] : count_jobs(state)) {
        for (const auto& [each, count] : states) {
            counts.states[each] += count;
        }
    }
    for (const auto& [at, id] : state.ended()) {
        ++counts.states[wire::shown_state(state, *state.job(id))];
    }
    for (const auto& [reason, count] : count_waiting(state, now)) {
        counts.waiting[shown_wait_reason(reason)] += count;
    }
    return counts;
}

// The queue of others is nobody's business.
JobCounts count_visible(core::Scheduler& scheduler, const std::string& user, Time now) {
    const core::State& state = scheduler.state();
    JobCounts counts;
    JobLister lister(scheduler, now);
    for (const auto& [id, job] : state.jobs()) {
        if (core::may_see(state, user, job)) {
            ++counts.states[wire::shown_state(state, job)];
            counts.waiting[job.is_waiting() ? lister.waits(job).reason
                                            : v1::WAIT_REASON_UNSPECIFIED] += 1;
        }
    }
    return counts;
}

template <typename Counts, typename Add>
void show_counts(const Counts& counts, const Add& add) {
    for (const auto& [what, count] : counts) {
        if (count > 0 && what != 0) {
            v1::StateCount& shown = *add();
            shown.set_state(text::enum_text(what));
            shown.set_count(count);
        }
    }
}

void show_accelerators(const core::State& state, v1::GetStatusResponse& response) {
    for (const auto& [accelerator, counts] : count_gpus(state)) {
        v1::AcceleratorStatus& shown = *response.add_accelerators();
        shown.set_accelerator(accelerator);
        shown.set_simulated(counts.simulated);
        shown.set_gpus(wire::from_milli(counts.all()));
        shown.set_free(wire::from_milli(counts.free));
        shown.set_allocated(wire::from_milli(counts.allocated));
        shown.set_draining(wire::from_milli(counts.draining));
        shown.set_unhealthy(wire::from_milli(counts.unhealthy + counts.quarantined));
    }
}

void show_notices(const core::State& state, v1::GetStatusResponse& response) {
    const core::Awaited awaited = core::awaited(state);
    if (awaited.nodes > 0) {
        response.add_notices(std::to_string(awaited.nodes) +
                             " nodes fell out of touch together; they, and jobs on "
                             "them, are given up only at " +
                             format_rfc3339(awaited.until) + " (policy.wait_for_many_nodes)");
    }
}

}  // namespace

grpc::ServerUnaryReactor* StatusService::GetStatus(grpc::CallbackServerContext* context,
                                                   const v1::GetStatusRequest* request,
                                                   v1::GetStatusResponse* response) {
    return answer({platform_, context, "GetStatus"}, request, response, [this](const auto& call) {
        look(call, [call, this](core::Scheduler& scheduler, Time now) -> Status {
            const core::State& state = scheduler.state();
            v1::GetStatusResponse& shown = call->response;
            shown.set_leader(leadership_.address);
            shown.set_version(leadership_.version);
            *shown.mutable_started_at() = wire::from_time(leadership_.started);
            *shown.mutable_now() = wire::from_time(now);
            shown.set_trouble(platform_.engine.trouble());
            shown.set_accepting(shown.trouble().empty());
            if (!core::may_see_nodes(state, call->user())) {
                return Done{};
            }
            show_accelerators(state, shown);
            show_notices(state, shown);
            show_counts(count_nodes(state), [&] { return shown.add_nodes(); });
            const JobCounts jobs = sight_of(state, call->user()).everything
                                       ? count_all(state, now)
                                       : count_visible(scheduler, call->user(), now);
            show_counts(jobs.states, [&] { return shown.add_jobs(); });
            show_counts(jobs.waiting, [&] { return shown.add_waiting(); });
            return Done{};
        });
    });
}

}  // namespace gusu::service
