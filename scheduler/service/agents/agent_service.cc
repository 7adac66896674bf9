#include "scheduler/service/agents/agent_service.h"

#include <grpc/grpc_security_constants.h>

#include "proto/rpc/channel.h"
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

std::optional<Duration> AgentService::silent_for(const std::string& node) const {
    const auto heard = links_.last_heard(node);
    return heard ? std::optional(
                       std::chrono::duration_cast<Duration>(AgentStream::Steady::now() - *heard))
                 : std::nullopt;
}

}  // namespace gusu::service
