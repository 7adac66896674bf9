#include "scheduler/service/agents/agent_service.h"

#include <grpc/grpc_security_constants.h>

#include "proto/rpc/channel.h"
#include "scheduler/service/agents/exec_streams.h"
#include "scheduler/service/agents/exec_target.h"
#include "scheduler/service/agents/grpc_agent_stream.h"

namespace gusu::service {
namespace {

// Empty without a certificate; gRPC has verified the one that is there.
std::string common_name(const grpc::CallbackServerContext& context) {
    const auto peer = context.auth_context();
    if (peer == nullptr || !peer->IsPeerAuthenticated()) {
        return {};
    }
    const auto names = peer->FindPropertyValues(GRPC_X509_CN_PROPERTY_NAME);
    return names.size() == 1 ? std::string(names.front().data(), names.front().size())
                             : std::string();
}

using StepStream = ExecCallerStream<v1::StepRequest, v1::StepResponse>;

struct Step {
    std::string node;  // that asks
    v1::StepStart start;
};

void begin_step(Engine& engine, ExecRelay& execs, const Step& step,
                const std::shared_ptr<StepStream>& caller) {
    engine.read([&engine, &execs, step, caller](core::Scheduler& scheduler, Time) -> Release {
        const auto target = step_target(scheduler.state(), step.node, step.start);
        return [&engine, &execs, step, caller, target](const Status& durable) {
            if (!durable || !target) {
                caller->finish(durable ? Status(target.error()) : durable);
                return;
            }
            const std::string from =
                "task " + std::to_string(step.start.from().task()) + " on " + step.node;
            execs.open({.node = target->node,
                        .key = target->key,
                        .program = step.start.program(),
                        .who = from,
                        .what = target->what},
                       engine.epoch(), caller);
        };
    });
}

}  // namespace

grpc::ServerUnaryReactor* AgentService::Enrol(grpc::CallbackServerContext* context,
                                              const v1::EnrolRequest* request,
                                              v1::EnrolResponse* response) {
    auto* reactor = context->DefaultReactor();
    enrolment_.enrol(*request, [reactor, response](const Result<v1::EnrolResponse>& answer) {
        if (answer) {
            *response = *answer;
        }
        reactor->Finish(answer ? grpc::Status::OK : rpc::to_status(answer.error()));
    });
    return reactor;
}

grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse>* AgentService::Connect(
    grpc::CallbackServerContext* context) {
    const auto stream = std::make_shared<GrpcAgentStream>(links_, common_name(*context));
    links_.open(stream);
    return stream.get();  // gRPC deletes nothing: the links keep it
}

grpc::ServerBidiReactor<v1::ExecRequest, v1::ExecResponse>* AgentService::Exec(
    grpc::CallbackServerContext* context) {
    const auto stream = std::make_shared<ExecAgentStream>(links_.execs(), common_name(*context));
    stream->open();
    return stream.get();  // it keeps itself until gRPC is done with it
}

grpc::ServerBidiReactor<v1::StepRequest, v1::StepResponse>* AgentService::Step(
    grpc::CallbackServerContext* context) {
    const auto stream = std::make_shared<StepStream>(
        [this, node = common_name(*context)](const v1::StepRequest& request,
                                             const std::shared_ptr<StepStream>& caller) {
            if (node.empty()) {
                caller->finish(Error{ErrorCode::Unauthenticated,
                                     "an agent needs the certificate it got when it enrolled"});
                return;
            }
            begin_step(engine_, links_.execs(), {node, request.start()}, caller);
        });
    stream->open();
    return stream.get();
}

std::optional<Duration> AgentService::silent_for(const std::string& node) const {
    const auto heard = links_.last_heard(node);
    return heard ? std::optional(
                       std::chrono::duration_cast<Duration>(AgentStream::Steady::now() - *heard))
                 : std::nullopt;
}

}  // namespace gusu::service
