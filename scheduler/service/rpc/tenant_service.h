// gusu.v1.TenantService.
#pragma once

#include "gusu/v1/tenant_service.grpc.pb.h"
#include "scheduler/service/rpc/platform.h"

namespace gusu::service {

class TenantService final : public v1::TenantService::CallbackService {
public:
    explicit TenantService(Platform& platform) : platform_(platform) {}

    using Context = grpc::CallbackServerContext;
    using Reactor = grpc::ServerUnaryReactor;

    Reactor* CreateTenant(Context* context, const v1::CreateTenantRequest* request,
                          v1::CreateTenantResponse* response) override;
    Reactor* UpdateTenant(Context* context, const v1::UpdateTenantRequest* request,
                          v1::UpdateTenantResponse* response) override;
    Reactor* DeleteTenant(Context* context, const v1::DeleteTenantRequest* request,
                          v1::DeleteTenantResponse* response) override;
    Reactor* GetTenant(Context* context, const v1::GetTenantRequest* request,
                       v1::GetTenantResponse* response) override;
    Reactor* ListTenants(Context* context, const v1::ListTenantsRequest* request,
                         v1::ListTenantsResponse* response) override;
    Reactor* SetQuota(Context* context, const v1::SetQuotaRequest* request,
                      v1::SetQuotaResponse* response) override;
    Reactor* ListQuotas(Context* context, const v1::ListQuotasRequest* request,
                        v1::ListQuotasResponse* response) override;
    Reactor* GetUsage(Context* context, const v1::GetUsageRequest* request,
                      v1::GetUsageResponse* response) override;

private:
    Platform& platform_;
};

}  // namespace gusu::service
