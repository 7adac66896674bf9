// Who may do what: default deny, one question a function, answered from the grants alone.
//
// A role on a tenant holds for everything below it; a role without a tenant holds on the whole
// platform.
#pragma once

#include <string>

#include "scheduler/core/model/state.h"

namespace gusu::core {

bool is_known(const State& state, const std::string& user);

bool may_submit(const State& state, const std::string& user, TenantId tenant);
bool may_see(const State& state, const std::string& user, const Job& job);
// Cancel, hold, release.
bool may_control(const State& state, const std::string& user, const Job& job);

bool may_see(const State& state, const std::string& user, const Tenant& tenant);
// Create below `parent` (none: at the top), change or delete there.
bool may_shape_below(const State& state, const std::string& user, TenantId parent);

bool may_see_nodes(const State& state, const std::string& user);
bool may_operate_nodes(const State& state, const std::string& user);
bool may_reserve_nodes(const State& state, const std::string& user);
// For whom it is, and why; that it is there everybody may know.
bool may_see_owner(const State& state, const std::string& user, const Reservation& reservation);

// Grant or revoke this.
bool may_grant(const State& state, const std::string& user, const Grant& grant);
bool may_see(const State& state, const std::string& user, const Grant& grant);
bool may_issue(const State& state, const std::string& user, const TokenRecord& token);
bool may_see(const State& state, const std::string& user, const TokenRecord& token);

}  // namespace gusu::core
