#include <algorithm>

#include "scheduler/base/text.h"
#include "scheduler/core/decide/decide.h"
#include "scheduler/core/policy/access.h"

namespace gusu::core {
namespace {

constexpr Duration kHour{3'600'000};
constexpr Duration kDay = 24 * kHour;
constexpr Duration kLongestUserToken = 90 * kDay;
constexpr Duration kUsualUserToken = 30 * kDay;
constexpr Duration kLongestNodeToken = kDay;

Status check_user(const std::string& user) {
    const bool valid = !user.empty() && user.size() <= 64 && std::ranges::all_of(user, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-' || c == '@';
    });
    if (valid) {
        return Done{};
    }
    return Error{ErrorCode::InvalidArgument,
                 "user \"" + user + "\": 1 to 64 letters, digits and . _ - @"};
}

// A grant as the command names it, if such a grant can be.
template <typename Command>
Result<Grant> named_grant(const State& state, const Command& command) {
    if (const Status valid = check_user(command.user); !valid) {
        return valid.error();
    }
    Grant grant{.user = command.user, .role = command.role, .tenant = {}};
    if (command.tenant.empty()) {
        return grant;
    }
    const auto tenant = visible_tenant(state, command.caller.user, command.tenant, "tenant");
    if (!tenant) {
        return tenant.error();
    }
    if (command.role != Role::Researcher && command.role != Role::TenantAdmin) {
        return Error{ErrorCode::InvalidArgument,
                     "this role is of the whole platform; leave the tenant out"};
    }
    grant.tenant = tenant.value()->id;
    return grant;
}

Error may_not_grant(const std::string& user) {
    return Error{ErrorCode::NotAllowed,
                 user +
                     " may not change this role; that takes a security administrator, or for "
                     "roles on a tenant an administrator of it"};
}

// By the clock of who led before. Agents may still be with a leader before that one, for which it
// has waited longer than its own lease.
Duration left_of_lease(const State& state, const Node& node) {
    const auto* unreachable = std::get_if<Unreachable>(&node.contact);
    return unreachable == nullptr ? Duration(0) : unreachable->lease_ends - state.last_event();
}

}  // namespace

Result<Events> decide(const Deciding& by, const GrantRole& command) {
    const auto grant = named_grant(by.state, command);
    if (!grant) {
        return grant.error();
    }
    if (!may_grant(by.state, command.caller.user, *grant)) {
        return may_not_grant(command.caller.user);
    }
    return by.state.directory().grants.contains(*grant) ? Events{}
                                                        : Events{{by.now, RoleGranted{*grant}}};
}

Result<Events> decide(const Deciding& by, const RevokeRole& command) {
    const auto grant = named_grant(by.state, command);
    if (!grant) {
        return grant.error();
    }
    if (!may_grant(by.state, command.caller.user, *grant)) {
        return may_not_grant(command.caller.user);
    }
    if (!by.state.directory().grants.contains(*grant)) {
        return Error{ErrorCode::NotFound, command.user + " has no such role"};
    }
    const auto& grants = by.state.directory().grants;
    const bool last_security_admin =
        grant->role == Role::SecurityAdmin &&
        std::ranges::count(grants, Role::SecurityAdmin, &Grant::role) == 1;
    if (last_security_admin) {
        return Error{ErrorCode::FailedPrecondition,
                     command.user + " is the last security administrator; name another one first"};
    }
    return Events{{by.now, RoleRevoked{*grant}}};
}

Result<Events> decide(const Deciding& by, const IssueToken& command) {
    const bool for_node = !command.token.node.empty();
    TokenRecord token = command.token;
    if (!for_node && token.user.empty()) {
        token.user = command.caller.user;
    }
    if (const Status valid = for_node ? Status(Done{}) : check_user(token.user); !valid) {
        return valid.error();
    }
    if (!may_issue(by.state, command.caller.user, token)) {
        return Error{ErrorCode::NotAllowed,
                     for_node ? "tokens for nodes are made by operators"
                              : "tokens for others are made by security administrators"};
    }
    const Duration longest = for_node ? kLongestNodeToken : kLongestUserToken;
    const Duration usual = for_node ? kHour : kUsualUserToken;
    const Duration lifetime = command.lifetime.count() == 0 ? usual : command.lifetime;
    if (lifetime.count() < 0 || lifetime > longest) {
        return Error{ErrorCode::InvalidArgument,
                     "lifetime: at most " + std::to_string(longest / kDay) + " days"};
    }
    token.created = by.now;
    token.expires = by.now + lifetime;
    Events events;
    for (const auto& [id, old] : by.state.directory().tokens) {
        if (old.expires <= by.now) {
            events.push_back({by.now, TokenRevoked{id}});
        }
    }
    events.push_back({by.now, TokenIssued{std::move(token)}});
    return events;
}

Result<Events> decide(const Deciding& by, const RevokeToken& command) {
    const auto found = by.state.directory().tokens.find(command.id);
    if (found == by.state.directory().tokens.end() ||
        !may_issue(by.state, command.caller.user, found->second)) {
        return Error{ErrorCode::NotFound, "no token \"" + command.id + "\""};
    }
    return Events{{by.now, TokenRevoked{command.id}}};
}

Result<Events> decide(const Deciding& by, const UseNodeToken& command) {
    const std::string remedy = " Make a new one: gusu token create --node " + command.node;
    const auto found = by.state.directory().tokens.find(command.id);
    if (found == by.state.directory().tokens.end() || found->second.node != command.node ||
        found->second.expires <= by.now) {
        return Error{ErrorCode::Unauthenticated,
                     "the token does not enrol node " + quote(command.node) +
                         ": it is unknown, expired, or made for another node." + remedy};
    }
    TokenRecord token = found->second;
    if (token.used_by == command.key) {
        return Events{};  // its answer was lost, and it asks again
    }
    if (!token.used_by.empty()) {
        return Error{ErrorCode::Unauthenticated,
                     "the token has enrolled node " + quote(command.node) +
                         " already, with another key than the one that asks now (the agent keeps "
                         "its key in state_dir/identity)." +
                         remedy};
    }
    token.used_by = command.key;
    return Events{{by.now, TokenIssued{std::move(token)}}};
}

Result<Events> decide(const Deciding& by, const FoundPlatform& command) {
    if (!by.state.directory().grants.empty()) {
        return Error{ErrorCode::FailedPrecondition, "the platform has administrators already"};
    }
    Events events;
    for (const Role role : {Role::Researcher, Role::TenantAdmin, Role::Operator, Role::SystemAdmin,
                            Role::SecurityAdmin, Role::Auditor}) {
        events.push_back({by.now, RoleGranted{Grant{command.token.user, role, TenantId{}}}});
    }
    TokenRecord token = command.token;
    token.created = by.now;
    token.expires = by.now + kLongestUserToken;
    events.push_back({by.now, TokenIssued{std::move(token)}});
    return events;
}

Result<Events> decide(const Deciding& by, const SetCatalogue& command) {
    const auto& present = by.state.catalogue();
    const bool same = present.size() == command.accelerators.size() &&
                      std::ranges::all_of(command.accelerators, [&](const Accelerator& each) {
                          const auto found = present.find(each.name);
                          return found != present.end() && found->second == each;
                      });
    return same ? Events{} : Events{{by.now, CatalogueChanged{command.accelerators}}};
}

Result<Events> decide(const Deciding& by, const SetPolicy& command) {
    return by.state.policy() == command.policy ? Events{}
                                               : Events{{by.now, PolicyChanged{command.policy}}};
}

Result<Events> decide(const Deciding& by, const TakeLeadership& command) {
    Events events{{by.now, LeadershipTaken{by.state.epoch() + 1}}};
    for (const auto& [id, node] : by.state.nodes()) {
        // Also where a lease runs already: nobody knows how much of it the clock has jumped over.
        if (!std::holds_alternative<Lost>(node.contact)) {
            const Duration wait = std::max(command.lease, left_of_lease(by.state, node));
            events.push_back({by.now, NodeContactLost{id, by.now + wait}});
        }
    }
    return events;
}

}  // namespace gusu::core
