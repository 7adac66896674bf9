#include "scheduler/core/apply/apply.h"

namespace gusu::core {

void State::Apply::operator()(const TenantCreated& event) {
    given(event.tenant.value);
    Tenant& created = state.tenants_[event.tenant];
    created.id = event.tenant;
    created.parent = event.parent;
    created.path = event.path;
    created.description = event.description;
    created.created = at;
    state.tenant_by_path_[event.path] = event.tenant;
    if (event.parent) {
        ++tenant(event.parent).children;
    }
}

void State::Apply::operator()(const TenantUpdated& event) {
    tenant(event.tenant).description = event.description;
    state.pending_.tenant_freed(event.tenant);
}

void State::Apply::operator()(const TenantDeleted& event) {
    const Tenant& gone = tenant(event.tenant);
    check(gone.children == 0 && gone.pending_jobs == 0 && gone.running_jobs == 0,
          "a tenant that is deleted has no children and no live jobs");
    if (gone.parent) {
        --tenant(gone.parent).children;
    }
    std::erase_if(state.directory_.grants,
                  [&](const Grant& grant) { return grant.tenant == event.tenant; });
    state.tenant_by_path_.erase(gone.path);
    state.tenants_.erase(event.tenant);
}

void State::Apply::operator()(const QuotaChanged& event) {
    tenant(event.tenant).quotas[event.accelerator] = event.quota;
    state.pending_.tenant_freed(event.tenant);
}

}  // namespace gusu::core
