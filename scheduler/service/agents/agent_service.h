// gusu.v1.AgentService: enrolment, and the streams of the agents.
//
// The server asks for certificates of clients and verifies those it gets, without requiring one:
// people, and nodes that enrol, have none. Server keepalive must be on, or a peer that has vanished
// holds its stream for hours.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gusu/v1/agent_service.grpc.pb.h"
#include "scheduler/service/agents/agent_links.h"
#include "scheduler/service/agents/enrolment.h"
#include "scheduler/service/agents/log_source.h"
#include "scheduler/service/agents/silence_watch.h"

namespace gusu::service {

struct AgentServiceOptions {
    LinkOptions links;
    // Signs the certificates of nodes; its key is empty where another authority does so.
    KeyPair authority;
};

class AgentService final : public v1::AgentService::CallbackService {
public:
    // Before the engine is started. At the end: shutdown(), then the server, then Engine::stop(),
    // and only then may this be destroyed.
    AgentService(Engine& engine, AgentServiceOptions options)
        : engine_(engine),
          links_(engine, options.links),
          silence_(links_),
          enrolment_(engine, std::move(options.authority)) {}

    grpc::ServerUnaryReactor* Enrol(grpc::CallbackServerContext* context,
                                    const v1::EnrolRequest* request,
                                    v1::EnrolResponse* response) override;
    grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse>* Connect(
        grpc::CallbackServerContext* context) override;
    grpc::ServerBidiReactor<v1::ExecRequest, v1::ExecResponse>* Exec(
        grpc::CallbackServerContext* context) override;
    grpc::ServerBidiReactor<v1::StepRequest, v1::StepResponse>* Step(
        grpc::CallbackServerContext* context) override;

    // Ends all streams, and every new one at once.
    void shutdown() { links_.shutdown(); }

    LogSource& logs() { return links_.logs(); }
    const StartingNotes& starting() const { return links_.starting(); }
    ExecRelay& execs() { return links_.execs(); }
    Status check_devices(const std::string& node, v1::CheckDevices order) const {
        return links_.check_devices(node, std::move(order));
    }
    // How long ago a node in touch was last heard of.
    std::optional<Duration> silent_for(const std::string& node) const;

private:
    Engine& engine_;
    AgentLinks links_;
    SilenceWatch silence_;
    Enrolment enrolment_;
};

}  // namespace gusu::service
