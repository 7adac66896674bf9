// An agent's stream over gRPC.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <string>

#include "scheduler/service/agents/agent_stream.h"

namespace gusu::service {

class GrpcAgentStream final
    : public AgentStream,
      public grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse> {
public:
    GrpcAgentStream(AgentLinks& links, std::string peer)
        : AgentStream(links, std::move(peer), Steady::now()) {}

private:
    Steady::time_point now() const override { return Steady::now(); }
    void start_read(v1::ConnectRequest& into) override { StartRead(&into); }
    void start_write(const v1::ConnectResponse& message) override { StartWrite(&message); }
    void end_stream(const grpc::Status& status) override { Finish(status); }

    void OnReadDone(bool ok) override { read_done(ok); }
    void OnWriteDone(bool ok) override { write_done(ok); }
    void OnCancel() override { cancelled(); }
    void OnDone() override { done(); }
};

}  // namespace gusu::service
