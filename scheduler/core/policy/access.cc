#include "scheduler/core/policy/access.h"

#include <initializer_list>

namespace gusu::core {
namespace {

bool has(const State& state, const std::string& user, Role role, TenantId tenant) {
    return state.directory().grants.contains(Grant{user, role, tenant});
}

bool on_platform(const State& state, const std::string& user, std::initializer_list<Role> roles) {
    for (const Role role : roles) {
        if (has(state, user, role, TenantId{})) {
            return true;
        }
    }
    return false;
}

// On the tenant, one above it, or the platform.
bool on_tenant(const State& state, const std::string& user, Role role, TenantId tenant) {
    for (const Tenant* t = state.tenant(tenant); t != nullptr; t = state.tenant(t->parent)) {
        if (has(state, user, role, t->id)) {
            return true;
        }
    }
    return has(state, user, role, TenantId{});
}

bool is_below(const State& state, TenantId tenant, TenantId ancestor) {
    for (const Tenant* t = state.tenant(tenant); t != nullptr; t = state.tenant(t->parent)) {
        if (t->id == ancestor) {
            return true;
        }
    }
    return false;
}

}  // namespace

bool is_known(const State& state, const std::string& user) {
    const auto first = state.directory().grants.lower_bound(Grant{user, Role::Researcher, {}});
    return first != state.directory().grants.end() && first->user == user;
}

bool may_submit(const State& state, const std::string& user, TenantId tenant) {
    return on_tenant(state, user, Role::Researcher, tenant) ||
           on_tenant(state, user, Role::TenantAdmin, tenant);
}

bool may_see(const State& state, const std::string& user, const Job& job) {
    return job.spec->user == user ||
           on_tenant(state, user, Role::TenantAdmin, job.demand().tenant) ||
           on_platform(state, user, {Role::Operator, Role::SystemAdmin, Role::Auditor});
}

bool may_control(const State& state, const std::string& user, const Job& job) {
    return job.spec->user == user ||
           on_tenant(state, user, Role::TenantAdmin, job.demand().tenant) ||
           on_platform(state, user, {Role::Operator, Role::SystemAdmin});
}

bool may_see(const State& state, const std::string& user, const Tenant& tenant) {
    if (on_platform(state, user,
                    {Role::Operator, Role::SystemAdmin, Role::SecurityAdmin, Role::Auditor})) {
        return true;
    }
    // Of a role on it, above it or below it: who works in suda/nlp sees that suda is there.
    const auto& grants = state.directory().grants;
    for (auto grant = grants.lower_bound(Grant{user, Role::Researcher, {}});
         grant != grants.end() && grant->user == user; ++grant) {
        if (!grant->tenant || is_below(state, tenant.id, grant->tenant) ||
            is_below(state, grant->tenant, tenant.id)) {
            return true;
        }
    }
    return false;
}

bool may_shape_below(const State& state, const std::string& user, TenantId parent) {
    return on_platform(state, user, {Role::SystemAdmin}) ||
           (parent && on_tenant(state, user, Role::TenantAdmin, parent));
}

bool may_see_nodes(const State& state, const std::string& user) { return is_known(state, user); }

bool may_operate_nodes(const State& state, const std::string& user) {
    return on_platform(state, user, {Role::Operator});
}

bool may_reserve_nodes(const State& state, const std::string& user) {
    return on_platform(state, user, {Role::Operator, Role::SystemAdmin});
}

bool may_see_owner(const State& state, const std::string& user, const Reservation& reservation) {
    const Tenant* owner = state.tenant(reservation.tenant);
    return owner == nullptr || may_see(state, user, *owner);
}

bool may_grant(const State& state, const std::string& user, const Grant& grant) {
    if (on_platform(state, user, {Role::SecurityAdmin})) {
        return true;
    }
    const bool of_tenant = grant.role == Role::Researcher || grant.role == Role::TenantAdmin;
    return of_tenant && grant.tenant && on_tenant(state, user, Role::TenantAdmin, grant.tenant);
}

bool may_see(const State& state, const std::string& user, const Grant& grant) {
    return grant.user == user || on_platform(state, user, {Role::SecurityAdmin, Role::Auditor}) ||
           (grant.tenant && on_tenant(state, user, Role::TenantAdmin, grant.tenant));
}

bool may_issue(const State& state, const std::string& user, const TokenRecord& token) {
    if (!token.node.empty()) {
        return may_operate_nodes(state, user);
    }
    return token.user == user || on_platform(state, user, {Role::SecurityAdmin});
}

bool may_see(const State& state, const std::string& user, const TokenRecord& token) {
    return may_issue(state, user, token) || on_platform(state, user, {Role::Auditor});
}

}  // namespace gusu::core
