// gusu.v1.StatusService.
#pragma once

#include <string>

#include "gusu/v1/status_service.grpc.pb.h"
#include "scheduler/service/rpc/platform.h"

namespace gusu::service {

struct Leadership {
    std::string address;  // "host:port", known once the server listens
    std::string version;
    Time started;
};

class StatusService final : public v1::StatusService::CallbackService {
public:
    StatusService(Platform& platform, const Leadership& leadership)
        : platform_(platform), leadership_(leadership) {}

    grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                        const v1::GetStatusRequest* request,
                                        v1::GetStatusResponse* response) override;

private:
    Platform& platform_;
    const Leadership& leadership_;
};

}  // namespace gusu::service
