#include "scheduler/service/rpc/tenant_service.h"

#include <algorithm>

#include "scheduler/base/text.h"
#include "scheduler/core/decide/decide.h"
#include "scheduler/core/policy/access.h"
#include "scheduler/core/policy/quota.h"
#include "scheduler/service/rpc/call.h"
#include "scheduler/service/rpc/paging.h"
#include "scheduler/service/rpc/past_jobs.h"
#include "scheduler/service/rpc/quota_view.h"
#include "scheduler/service/rpc/usage.h"
#include "scheduler/wire/amounts.h"
#include "scheduler/wire/show.h"

namespace gusu::service {
namespace {

using wire::Field;

constexpr int kMostGpus = 1'000'000;
constexpr int kMostNodes = 1'000'000;
constexpr std::int64_t kMostJobs = 1'000'000'000;
constexpr const char* kFields =
    "display_name, status, max_pending_jobs, max_running_jobs, labels, data_class";

Status check_description(const v1::Tenant& tenant) {
    const Field field{nullptr, "tenant", -1};
    for (const auto& problem :
         {wire::check_text(field.in("display_name"), tenant.display_name(), {.most_bytes = 256}),
          wire::check_count(field.in("max_pending_jobs"), tenant.max_pending_jobs(), 0, kMostJobs),
          wire::check_count(field.in("max_running_jobs"), tenant.max_running_jobs(), 0, kMostJobs),
          wire::check_labels(field.in("labels"), tenant.labels())}) {
        if (problem) {
            return *problem;
        }
    }
    return Done{};
}

core::Labels labels_of(const v1::Tenant& tenant) {
    return {tenant.labels().begin(), tenant.labels().end()};
}

Result<core::DataClass> class_of(const v1::Tenant& tenant) {
    return wire::to_data_class({nullptr, "tenant.data_class", -1}, tenant.data_class());
}

Result<core::CreateTenant> to_create(const std::string& user, const v1::Tenant& tenant) {
    if (const Status valid = check_description(tenant); !valid) {
        return valid.error();
    }
    const auto status = wire::to_tenant_status({nullptr, "tenant.status", -1}, tenant.status());
    if (!status) {
        return status.error();
    }
    const auto data_class = class_of(tenant);
    if (!data_class) {
        return data_class.error();
    }
    return core::CreateTenant{.caller = {user},
                              .path = tenant.path(),
                              .description = {.display_name = tenant.display_name(),
                                              .status = *status,
                                              .max_pending_jobs = tenant.max_pending_jobs(),
                                              .max_running_jobs = tenant.max_running_jobs(),
                                              .labels = labels_of(tenant),
                                              .data_class = *data_class}};
}

Status take_field(const std::string& name, const v1::Tenant& tenant, core::UpdateTenant& update) {
    if (name == "display_name") {
        update.display_name = tenant.display_name();
    } else if (name == "max_pending_jobs") {
        update.max_pending_jobs = tenant.max_pending_jobs();
    } else if (name == "max_running_jobs") {
        update.max_running_jobs = tenant.max_running_jobs();
    } else if (name == "labels") {
        update.labels = labels_of(tenant);
    } else if (name == "status") {
        const auto status = wire::to_tenant_status({nullptr, "tenant.status", -1}, tenant.status());
        if (!status) {
            return status.error();
        }
        update.status = *status;
    } else if (name == "data_class") {
        const auto data_class = class_of(tenant);
        if (!data_class) {
            return data_class.error();
        }
        update.data_class = *data_class;
    } else {
        return wire::refuse({nullptr, "fields", -1}, quote(name), "cannot be changed", kFields);
    }
    return Done{};
}

Result<core::UpdateTenant> to_update(const std::string& user,
                                     const v1::UpdateTenantRequest& request) {
    if (const Status valid = check_description(request.tenant()); !valid) {
        return valid.error();
    }
    core::UpdateTenant update;
    update.caller.user = user;
    update.path = request.tenant().path();
    if (request.fields().empty()) {
        return wire::refuse({nullptr, "fields", -1}, "is empty", kFields);
    }
    for (const std::string& name : request.fields()) {
        if (const Status taken = take_field(name, request.tenant(), update); !taken) {
            return taken.error();
        }
    }
    return update;
}

Result<core::SetQuota> to_set_quota(const std::string& user, const v1::SetQuotaRequest& request) {
    core::SetQuota command{.caller = {user},
                           .tenant = request.tenant(),
                           .accelerator = request.accelerator(),
                           .guaranteed = {},
                           .limit = {},
                           .lendable = {}};
    const auto take = [](const char* name, bool given, double value,
                         std::optional<Amount>& into) -> Status {
        if (!given) {
            return Done{};
        }
        const auto amount = wire::to_milli({nullptr, name, -1}, value, kMostGpus);
        if (!amount) {
            return amount.error();
        }
        into = *amount;
        return Done{};
    };
    for (const Status& taken :
         {take("guaranteed", request.has_guaranteed(), request.guaranteed(), command.guaranteed),
          take("limit", request.has_limit(), request.limit(), command.limit),
          take("lendable", request.has_lendable(), request.lendable(), command.lendable)}) {
        if (!taken) {
            return taken.error();
        }
    }
    if (request.clear_limit() && request.has_limit()) {
        return wire::refuse({nullptr, "clear_limit", -1}, "stands beside limit", "one of the two");
    }
    command.reclaim =
        request.reclaim() ? core::SetQuota::Reclaim::Yes : core::SetQuota::Reclaim::No;
    if (request.has_guaranteed_nodes()) {
        if (auto problem = wire::check_count({nullptr, "guaranteed_nodes", -1},
                                             request.guaranteed_nodes(), 0, kMostNodes)) {
            return *problem;
        }
        command.guaranteed_nodes = request.guaranteed_nodes();
    }
    command.clear_limit =
        request.clear_limit() ? core::SetQuota::Limit::Clear : core::SetQuota::Limit::Keep;
    return command;
}

template <typename CallOf>
void list_quotas(const CallOf& call, const Page& page) {
    look(call, [call, page](core::Scheduler& scheduler, Time) -> Status {
        const core::State& state = scheduler.state();
        const std::string& above = call->request.tenant();
        if (!above.empty()) {
            const auto found = core::visible_tenant(state, call->user(), above, "tenant");
            if (!found) {
                return found.error();
            }
        }
        std::map<std::string, QuotaKey> keys;
        for (const auto& [id, tenant] : state.tenants()) {
            const bool wanted = above.empty() || is_within(tenant.path, above);
            if (wanted && core::may_see(state, call->user(), tenant)) {
                add_quota_keys(tenant, keys);
            }
        }
        QuotaView view(state);
        call->response.set_next_page_token(add_page(keys, page, [&](const QuotaKey& key) {
            *call->response.add_quotas() = view.show(*key.tenant, key.accelerator);
        }));
        return Done{};
    });
}

template <typename CallOf>
void list_tenants(const CallOf& call) {
    look_at_page(call, [call](core::Scheduler& scheduler, const Page& page, Time) -> Status {
        const core::State& state = scheduler.state();
        std::map<std::string, const core::Tenant*> visible;
        for (const auto& [id, tenant] : state.tenants()) {
            if (core::may_see(state, call->user(), tenant)) {
                visible.emplace(tenant.path, &tenant);
            }
        }
        call->response.set_next_page_token(add_page(visible, page, [&](const core::Tenant* tenant) {
            *call->response.add_tenants() = wire::to_proto(state, *tenant);
        }));
        return Done{};
    });
}

}  // namespace

TenantService::Reactor* TenantService::CreateTenant(Context* context,
                                                    const v1::CreateTenantRequest* request,
                                                    v1::CreateTenantResponse* response) {
    return answer({platform_, context, "CreateTenant"}, request, response, [](const auto& call) {
        auto command = to_create(call->user(), call->request.tenant());
        if (!command) {
            call->finish(command.error());
            return;
        }
        change(call, std::move(*command),
               [call](core::Scheduler& scheduler, const core::Events&, Time) -> Status {
                   const core::State& state = scheduler.state();
                   *call->response.mutable_tenant() =
                       wire::to_proto(state, *state.tenant(call->request.tenant().path()));
                   return Done{};
               });
    });
}

TenantService::Reactor* TenantService::UpdateTenant(Context* context,
                                                    const v1::UpdateTenantRequest* request,
                                                    v1::UpdateTenantResponse* response) {
    return answer({platform_, context, "UpdateTenant"}, request, response, [](const auto& call) {
        auto command = to_update(call->user(), call->request);
        if (!command) {
            call->finish(command.error());
            return;
        }
        change(call, std::move(*command),
               [call](core::Scheduler& scheduler, const core::Events&, Time) -> Status {
                   const core::State& state = scheduler.state();
                   *call->response.mutable_tenant() =
                       wire::to_proto(state, *state.tenant(call->request.tenant().path()));
                   return Done{};
               });
    });
}

TenantService::Reactor* TenantService::DeleteTenant(Context* context,
                                                    const v1::DeleteTenantRequest* request,
                                                    v1::DeleteTenantResponse* response) {
    return answer({platform_, context, "DeleteTenant"}, request, response, [](const auto& call) {
        change(call, core::DeleteTenant{{call->user()}, call->request.path()},
               [](core::Scheduler&, const core::Events&, Time) -> Status { return Done{}; });
    });
}

TenantService::Reactor* TenantService::GetTenant(Context* context,
                                                 const v1::GetTenantRequest* request,
                                                 v1::GetTenantResponse* response) {
    return answer({platform_, context, "GetTenant"}, request, response, [](const auto& call) {
        look(call, [call](core::Scheduler& scheduler, Time) -> Status {
            const auto tenant =
                core::visible_tenant(scheduler.state(), call->user(), call->request.path(), "path");
            if (!tenant) {
                return tenant.error();
            }
            *call->response.mutable_tenant() = wire::to_proto(scheduler.state(), **tenant);
            return Done{};
        });
    });
}

TenantService::Reactor* TenantService::ListTenants(Context* context,
                                                   const v1::ListTenantsRequest* request,
                                                   v1::ListTenantsResponse* response) {
    return answer({platform_, context, "ListTenants"}, request, response,
                  [](const auto& call) { list_tenants(call); });
}

TenantService::Reactor* TenantService::SetQuota(Context* context,
                                                const v1::SetQuotaRequest* request,
                                                v1::SetQuotaResponse* response) {
    return answer({platform_, context, "SetQuota"}, request, response, [](const auto& call) {
        auto command = to_set_quota(call->user(), call->request);
        if (!command) {
            call->finish(command.error());
            return;
        }
        change(call, std::move(*command),
               [call](core::Scheduler& scheduler, const core::Events&, Time) -> Status {
                   const core::State& state = scheduler.state();
                   *call->response.mutable_quota() = QuotaView(state).show(
                       *state.tenant(call->request.tenant()), call->request.accelerator());
                   return Done{};
               });
    });
}

TenantService::Reactor* TenantService::ListQuotas(Context* context,
                                                  const v1::ListQuotasRequest* request,
                                                  v1::ListQuotasResponse* response) {
    return answer({platform_, context, "ListQuotas"}, request, response, [](const auto& call) {
        const auto page = to_page(call->request.page_size(), call->request.page_token());
        if (!page) {
            call->finish(page.error());
            return;
        }
        list_quotas(call, *page);
    });
}

TenantService::Reactor* TenantService::GetUsage(Context* context,
                                                const v1::GetUsageRequest* request,
                                                v1::GetUsageResponse* response) {
    return answer({platform_, context, "GetUsage"}, request, response,
                  [](const auto& call) { get_usage(call); });
}

}  // namespace gusu::service
