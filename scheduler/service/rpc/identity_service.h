// gusu.v1.IdentityService.
#pragma once

#include "gusu/v1/identity_service.grpc.pb.h"
#include "scheduler/service/rpc/platform.h"

namespace gusu::service {

class IdentityService final : public v1::IdentityService::CallbackService {
public:
    explicit IdentityService(Platform& platform) : platform_(platform) {}

    using Context = grpc::CallbackServerContext;
    using Reactor = grpc::ServerUnaryReactor;

    Reactor* WhoAmI(Context* context, const v1::WhoAmIRequest* request,
                    v1::WhoAmIResponse* response) override;
    Reactor* CreateToken(Context* context, const v1::CreateTokenRequest* request,
                         v1::CreateTokenResponse* response) override;
    Reactor* ListTokens(Context* context, const v1::ListTokensRequest* request,
                        v1::ListTokensResponse* response) override;
    Reactor* RevokeToken(Context* context, const v1::RevokeTokenRequest* request,
                         v1::RevokeTokenResponse* response) override;
    Reactor* GrantRole(Context* context, const v1::GrantRoleRequest* request,
                       v1::GrantRoleResponse* response) override;
    Reactor* RevokeRole(Context* context, const v1::RevokeRoleRequest* request,
                        v1::RevokeRoleResponse* response) override;
    Reactor* ListGrants(Context* context, const v1::ListGrantsRequest* request,
                        v1::ListGrantsResponse* response) override;

private:
    Platform& platform_;
};

}  // namespace gusu::service
