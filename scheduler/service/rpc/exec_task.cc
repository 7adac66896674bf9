#include "scheduler/service/rpc/exec_task.h"

#include "scheduler/core/policy/access.h"
#include "scheduler/service/agents/exec_streams.h"
#include "scheduler/service/agents/exec_target.h"
#include "scheduler/service/rpc/job_refs.h"
#include "scheduler/service/rpc/job_view.h"

namespace gusu::service {
namespace {

using CallerStream = ExecCallerStream<v1::ExecTaskRequest, v1::ExecTaskResponse>;

struct Wanted {
    v1::ExecTaskStart start;
    std::string user;
    core::JobRef job;
};

// Whoever may cancel the job may do in it what it may do itself.
Result<ExecTarget> find_target(const core::State& state, const Wanted& wanted) {
    const Named named = find_visible(state, wanted.user, wanted.job);
    if (std::holds_alternative<std::monostate>(named)) {
        return no_such_job(wanted.start.job_id());
    }
    const auto* job = std::get_if<const core::Job*>(&named);
    if (job == nullptr) {
        return Error{ErrorCode::InvalidArgument, "job_id: " + wanted.start.job_id() +
                                                     " is an array; name one of its elements, as " +
                                                     wanted.start.job_id() + "_0"};
    }
    if (!core::may_control(state, wanted.user, **job)) {
        return Error{ErrorCode::NotAllowed,
                     "job " + wanted.start.job_id() + " is of " + (*job)->spec->user +
                         "; only who may cancel it may start programs in it"};
    }
    return exec_target(state, **job, wanted.start.task());
}

void begin(Platform& platform, const Wanted& wanted, const std::shared_ptr<CallerStream>& caller) {
    platform.engine.read([&platform, wanted, caller](core::Scheduler& scheduler, Time) -> Release {
        const auto target = find_target(scheduler.state(), wanted);
        return [&platform, wanted, caller, target](const Status& durable) {
            if (!durable || !target) {
                caller->finish(durable ? Status(target.error()) : durable);
                return;
            }
            platform.execs.open({.node = target->node,
                                 .key = target->key,
                                 .program = wanted.start.program(),
                                 .who = wanted.user,
                                 .what = target->what},
                                platform.engine.epoch(), caller);
        };
    });
}

}  // namespace

grpc::ServerBidiReactor<v1::ExecTaskRequest, v1::ExecTaskResponse>* exec_task(
    Platform& platform, grpc::CallbackServerContext& context) {
    const auto person = platform.authenticator.identify(context);
    const auto stream = std::make_shared<CallerStream>(
        [&platform, person](const v1::ExecTaskRequest& request,
                            const std::shared_ptr<CallerStream>& caller) {
            const auto job = to_ref(request.start().job_id());
            if (!person || !job) {
                caller->finish(person ? job.error() : person.error());
                return;
            }
            begin(platform, {.start = request.start(), .user = person->user, .job = *job}, caller);
        });
    stream->open();
    return stream.get();
}

}  // namespace gusu::service
