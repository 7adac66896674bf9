// gusu.v1.NodeService.
#pragma once

#include "gusu/v1/node_service.grpc.pb.h"
#include "scheduler/service/rpc/platform.h"

namespace gusu::service {

class NodeService final : public v1::NodeService::CallbackService {
public:
    explicit NodeService(Platform& platform) : platform_(platform) {}

    using Context = grpc::CallbackServerContext;
    using Reactor = grpc::ServerUnaryReactor;

    Reactor* ListNodes(Context* context, const v1::ListNodesRequest* request,
                       v1::ListNodesResponse* response) override;
    Reactor* GetNode(Context* context, const v1::GetNodeRequest* request,
                     v1::GetNodeResponse* response) override;
    Reactor* DrainNode(Context* context, const v1::DrainNodeRequest* request,
                       v1::DrainNodeResponse* response) override;
    Reactor* ResumeNode(Context* context, const v1::ResumeNodeRequest* request,
                        v1::ResumeNodeResponse* response) override;
    Reactor* LabelNode(Context* context, const v1::LabelNodeRequest* request,
                       v1::LabelNodeResponse* response) override;
    Reactor* CheckNode(Context* context, const v1::CheckNodeRequest* request,
                       v1::CheckNodeResponse* response) override;

private:
    Platform& platform_;
};

}  // namespace gusu::service
