#include "scheduler/service/rpc/job_view.h"

#include <algorithm>

#include "scheduler/core/policy/access.h"
#include "scheduler/core/policy/order.h"

namespace gusu::service {
namespace {

// The two lists have the same order; v1 begins with UNSPECIFIED.
constexpr int shown(core::WaitReason reason) { return static_cast<int>(reason) + 1; }
static_assert(shown(core::WaitReason::HeldByUser) == v1::WAIT_REASON_HELD_BY_USER);
static_assert(shown(core::WaitReason::BeginTime) == v1::WAIT_REASON_BEGIN_TIME);
static_assert(shown(core::WaitReason::TenantLimit) == v1::WAIT_REASON_TENANT_LIMIT);
static_assert(shown(core::WaitReason::Behind) == v1::WAIT_REASON_BEHIND);
static_assert(shown(core::WaitReason::NotYetExamined) == v1::WAIT_REASON_NOT_YET_EXAMINED);
static_assert(shown(core::WaitReason::Reclaiming) == v1::WAIT_REASON_RECLAIMING);

wire::Waits to_waits(const core::Constraint& constraint) {
    return {shown_wait_reason(constraint.reason), constraint.detail};
}

// Elements of the array still in the state.
template <typename Visit>
void for_each_element(const core::State& state, const core::Array& array, const Visit& visit) {
    const JobId first{array.id.value + 1};
    const JobId end{first.value + array.indices.size()};
    for (auto job = state.jobs().lower_bound(first); job != state.jobs().end() && job->first < end;
         ++job) {
        visit(job->second);
    }
}

// Of an array that has ended: the worst of its elements.
void show_end(const core::State& state, const core::Array& array, v1::Job& shown) {
    shown.set_state(v1::JOB_STATE_SUCCEEDED);
    Time last;
    const auto worse = [&](v1::JobState one) {
        const bool failed = one == v1::JOB_STATE_FAILED;
        return failed ? shown.state() != v1::JOB_STATE_FAILED
                      : one == v1::JOB_STATE_CANCELLED && shown.state() == v1::JOB_STATE_SUCCEEDED;
    };
    for_each_element(state, array, [&](const core::Job& job) {
        const auto* finished = std::get_if<core::Finished>(&job.state);
        if (finished == nullptr) {
            return;
        }
        last = std::max(last, finished->at);
        if (const v1::JobState one = wire::shown_state(state, job); worse(one)) {
            shown.set_state(one);
            shown.set_end_reason(wire::shown_reason(finished->ending.reason));
            shown.set_exit_code(finished->ending.exit_code);
            shown.set_signal(finished->ending.signal);
        }
    });
    const auto size = static_cast<int>(array.indices.size());
    if (array.succeeded < size && shown.state() == v1::JOB_STATE_SUCCEEDED) {
        shown.set_state(v1::JOB_STATE_FAILED);
    }
    if (shown.state() == v1::JOB_STATE_SUCCEEDED) {
        shown.set_end_reason(v1::END_REASON_COMPLETED);
    }
    shown.set_end_detail(std::to_string(array.succeeded) + " of " + std::to_string(size) +
                         " elements succeeded");
    *shown.mutable_ended_at() = google::protobuf::Timestamp();
    const std::int64_t ended = to_milliseconds(last);
    shown.mutable_ended_at()->set_seconds(ended / 1000);
    shown.mutable_ended_at()->set_nanos(static_cast<int>(ended % 1000) * 1'000'000);
}

}  // namespace

v1::WaitReason shown_wait_reason(core::WaitReason reason) {
    return static_cast<v1::WaitReason>(shown(reason));
}

v1::Job show_job(core::Scheduler& scheduler, const core::Job& job, Time now, wire::Detail detail) {
    wire::JobView view{.now = now, .detail = detail, .waits = {}};
    if (job.is_waiting()) {
        view.waits = to_waits(scheduler.first_reason(job, now));
    }
    return wire::to_proto(scheduler.state(), job, view);
}

v1::Job show_array(const core::State& state, const core::Array& array, Time now,
                   wire::Detail detail) {
    core::Job whole;
    whole.id = array.id;
    whole.spec = array.spec;
    whole.state = core::Waiting{};
    const auto first = state.jobs().lower_bound(JobId{array.id.value + 1});
    whole.submitted = first == state.jobs().end() ? now : first->second.submitted;
    // A walk over up to 100,000 elements: not for everybody who watches one of them end.
    if (detail == wire::Detail::Events) {
        for_each_element(state, array,
                         [&](const core::Job& job) { whole.milli_gpu_ms += job.milli_gpu_ms; });
    }
    v1::Job shown = wire::to_proto(state, whole, {.now = now, .detail = detail, .waits = {}});
    const auto size = static_cast<int>(array.indices.size());
    shown.set_gpus(shown.gpus() * size);
    if (array.unfinished == 0) {
        show_end(state, array, shown);
        return shown;
    }
    shown.set_state(array.running > 0 ? v1::JOB_STATE_RUNNING : v1::JOB_STATE_PENDING);
    shown.set_wait_detail(std::to_string(size) +
                          " elements: " + std::to_string(array.unfinished - array.running) +
                          " wait, " + std::to_string(array.running) + " run, " +
                          std::to_string(size - array.unfinished) + " have ended");
    return shown;
}

Named find(const core::State& state, const core::JobRef& reference) {
    const core::Array* array = state.array(reference.job);
    if (array == nullptr) {
        const core::Job* job = reference.array_index ? nullptr : state.job(reference.job);
        return job == nullptr ? Named() : Named(job);
    }
    if (!reference.array_index) {
        return array;
    }
    const auto at = std::ranges::lower_bound(array->indices, *reference.array_index);
    if (at == array->indices.end() || *at != *reference.array_index) {
        return {};
    }
    const auto position = static_cast<std::uint64_t>(at - array->indices.begin());
    const core::Job* job = state.job(JobId{array->id.value + 1 + position});
    return job == nullptr ? Named() : Named(job);
}

Named find_visible(const core::State& state, const std::string& user,
                   const core::JobRef& reference) {
    const Named named = find(state, reference);
    if (const auto* job = std::get_if<const core::Job*>(&named)) {
        return core::may_see(state, user, **job) ? named : Named();
    }
    if (const auto* array = std::get_if<const core::Array*>(&named)) {
        core::Job whole;
        whole.spec = (*array)->spec;
        return core::may_see(state, user, whole) ? named : Named();
    }
    return {};
}

v1::Job show(core::Scheduler& scheduler, const Named& named, Time now, wire::Detail detail) {
    if (const auto* array = std::get_if<const core::Array*>(&named)) {
        return show_array(scheduler.state(), **array, now, detail);
    }
    return show_job(scheduler, *std::get<const core::Job*>(named), now, detail);
}

Error no_such_job(const std::string& id) { return {ErrorCode::NotFound, "no job " + id}; }

bool has_ended(v1::JobState state) {
    return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_FAILED ||
           state == v1::JOB_STATE_CANCELLED;
}

v1::Job JobLister::show(const core::Job& job, wire::Detail detail) {
    wire::JobView view{.now = now_, .detail = detail, .waits = {}};
    if (job.is_waiting()) {
        view.waits = waits(job);
    }
    return wire::to_proto(scheduler_.state(), job, view);
}

wire::Waits JobLister::waits(const core::Job& job) {
    const core::PendingClass* equals = scheduler_.state().pending().of(job.demand());
    const bool behind = equals != nullptr && equals->jobs.size() > 1 &&
                        equals->jobs.begin()->job != job.id &&
                        equals->jobs.contains(core::turn_of(scheduler_.state(), job));
    if (!behind) {
        return to_waits(scheduler_.first_reason(job, now_));
    }
    const auto [known, is_new] = behind_.try_emplace(&job.demand());
    if (is_new) {
        // The second of a class tells for all behind it, but for its place.
        const core::Job& second = *scheduler_.state().job(std::next(equals->jobs.begin())->job);
        known->second = to_waits(scheduler_.first_reason(second, now_));
        if (known->second.reason == v1::WAIT_REASON_BEHIND) {
            known->second.detail = "jobs that ask for the same came first; the first of them is " +
                                   std::to_string(equals->jobs.begin()->job.value);
        }
    }
    return known->second;
}

}  // namespace gusu::service
