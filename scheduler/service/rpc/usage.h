// TenantService.GetUsage, after the caller is known.
#pragma once

#include "gusu/v1/tenant_service.pb.h"
#include "scheduler/service/rpc/call.h"

namespace gusu::service {

void get_usage(const CallPointer<v1::GetUsageRequest, v1::GetUsageResponse>& call);

}  // namespace gusu::service
