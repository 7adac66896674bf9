// Nodes, tenants, quota, usage and who may do what, on a screen.
#pragma once

#include <string>

#include "gusu/v1/identity_service.pb.h"
#include "gusu/v1/node_service.pb.h"
#include "gusu/v1/status_service.pb.h"
#include "gusu/v1/tenant_service.pb.h"
#include "tools/gusu/job_view.h"

namespace gusu::cli {

std::string node_table(const v1::ListNodesResponse& nodes, const View& view);
std::string node_details(const v1::Node& node, const View& view);
std::string status_screen(const v1::GetStatusResponse& status, const View& view);

std::string tenant_table(const v1::ListTenantsResponse& tenants, const View& view);
std::string tenant_details(const v1::Tenant& tenant);
std::string quota_table(const v1::ListQuotasResponse& quotas, const View& view);
std::string usage_table(const v1::GetUsageResponse& usage, const View& view);

std::string identity_details(const v1::WhoAmIResponse& me);
std::string token_table(const v1::ListTokensResponse& tokens, const View& view);
std::string grant_table(const v1::ListGrantsResponse& grants, const View& view);

}  // namespace gusu::cli
