#include "scheduler/service/rpc/identity_service.h"

#include <map>

#include "scheduler/base/text.h"
#include "scheduler/core/policy/access.h"
#include "scheduler/service/identity/secrets.h"
#include "scheduler/service/rpc/call.h"
#include "scheduler/service/rpc/paging.h"
#include "scheduler/wire/amounts.h"
#include "scheduler/wire/show.h"

namespace gusu::service {
namespace {

constexpr Duration kLongest = std::chrono::hours(24 * 90);

Result<core::IssueToken> to_issue(const std::string& user, const v1::CreateTokenRequest& request) {
    if (!request.user().empty() && !request.node().empty()) {
        return wire::refuse({nullptr, "node", -1}, quote(request.node()), "stands beside user",
                            "one of the two");
    }
    if (!request.node().empty() && !wire::is_word(request.node(), 63, "-._")) {
        return wire::refuse({nullptr, "node", -1}, quote(request.node()), "is no name of a node",
                            "1 to 63 letters, digits and - . _, the first a letter or digit");
    }
    core::IssueToken command;
    command.caller.user = user;
    if (request.has_lifetime()) {
        const auto lifetime = wire::to_duration({nullptr, "lifetime", -1}, request.lifetime(),
                                                {.least = Duration(1), .most = kLongest});
        if (!lifetime) {
            return lifetime.error();
        }
        command.lifetime = *lifetime;
    }
    command.token.id = new_token_id();
    command.token.user = request.user();
    command.token.node = request.node();
    return command;
}

void create_token(const CallPointer<v1::CreateTokenRequest, v1::CreateTokenResponse>& call) {
    auto command = to_issue(call->user(), call->request);
    if (!command) {
        call->finish(command.error());
        return;
    }
    const std::string secret = new_secret();
    command->token.hash = hash_secret(secret);
    const std::string id = command->token.id;
    change(call, std::move(*command),
           [call, secret, id](core::Scheduler& scheduler, const core::Events&, Time) -> Status {
               *call->response.mutable_token() =
                   wire::to_proto(scheduler.state().directory().tokens.at(id));
               call->response.set_secret(secret);
               return Done{};
           });
}

template <typename Command, typename CallOf>
void change_role(const CallOf& call) {
    const v1::Grant& grant = call->request.grant();
    const auto role = wire::to_role({nullptr, "grant.role", -1}, grant.role());
    if (!role) {
        call->finish(role.error());
        return;
    }
    change(call,
           Command{.caller = {call->user()},
                   .user = grant.user(),
                   .role = *role,
                   .tenant = grant.tenant()},
           [](core::Scheduler&, const core::Events&, Time) -> Status { return Done{}; });
}

// Orders grants for pages.
std::string key_of(const core::Grant& grant, std::size_t position) {
    std::string number = std::to_string(position);
    return grant.user + " " + std::string(10 - number.size(), '0') + number;
}

template <typename CallOf>
void list_tokens(const CallOf& call) {
    look_at_page(call, [call](core::Scheduler& scheduler, const Page& page, Time now) -> Status {
        const core::State& state = scheduler.state();
        std::map<std::string, const core::TokenRecord*> visible;
        for (const auto& [id, token] : state.directory().tokens) {
            if (token.expires > now && core::may_see(state, call->user(), token)) {
                visible.emplace(id, &token);
            }
        }
        call->response.set_next_page_token(
            add_page(visible, page, [&](const core::TokenRecord* token) {
                *call->response.add_tokens() = wire::to_proto(*token);
            }));
        return Done{};
    });
}

template <typename CallOf>
void list_grants(const CallOf& call) {
    look_at_page(call, [call](core::Scheduler& scheduler, const Page& page, Time) -> Status {
        const core::State& state = scheduler.state();
        const std::string& user = call->request.user();
        std::map<std::string, const core::Grant*> visible;
        for (const core::Grant& grant : state.directory().grants) {
            const bool is_asked = user.empty() || grant.user == user;
            if (is_asked && core::may_see(state, call->user(), grant)) {
                visible.emplace(key_of(grant, visible.size()), &grant);
            }
        }
        call->response.set_next_page_token(add_page(visible, page, [&](const core::Grant* grant) {
            *call->response.add_grants() = wire::to_proto(state, *grant);
        }));
        return Done{};
    });
}

template <typename CallOf>
void who_am_i(const CallOf& call) {
    look(call, [call](core::Scheduler& scheduler, Time) -> Status {
        call->response.set_user(call->user());
        for (const core::Grant& grant : scheduler.state().directory().grants) {
            if (grant.user == call->user()) {
                *call->response.add_grants() = wire::to_proto(scheduler.state(), grant);
            }
        }
        *call->response.mutable_token_expires_at() = wire::from_time(call->person.token_expires);
        return Done{};
    });
}

}  // namespace

IdentityService::Reactor* IdentityService::WhoAmI(Context* context,
                                                  const v1::WhoAmIRequest* request,
                                                  v1::WhoAmIResponse* response) {
    return answer({platform_, context, "WhoAmI"}, request, response,
                  [](const auto& call) { who_am_i(call); });
}

IdentityService::Reactor* IdentityService::CreateToken(Context* context,
                                                       const v1::CreateTokenRequest* request,
                                                       v1::CreateTokenResponse* response) {
    return answer({platform_, context, "CreateToken"}, request, response,
                  [](const auto& call) { create_token(call); });
}

IdentityService::Reactor* IdentityService::ListTokens(Context* context,
                                                      const v1::ListTokensRequest* request,
                                                      v1::ListTokensResponse* response) {
    return answer({platform_, context, "ListTokens"}, request, response,
                  [](const auto& call) { list_tokens(call); });
}

IdentityService::Reactor* IdentityService::RevokeToken(Context* context,
                                                       const v1::RevokeTokenRequest* request,
                                                       v1::RevokeTokenResponse* response) {
    return answer({platform_, context, "RevokeToken"}, request, response, [](const auto& call) {
        if (looks_like_secret(call->request.id())) {
            call->finish(wire::refuse({nullptr, "id", -1}, "is a secret, not the id of a token",
                                      "an id as `gusu token list` shows it"));
            return;
        }
        change(call, core::RevokeToken{{call->user()}, call->request.id()},
               [](core::Scheduler&, const core::Events&, Time) -> Status { return Done{}; });
    });
}

IdentityService::Reactor* IdentityService::GrantRole(Context* context,
                                                     const v1::GrantRoleRequest* request,
                                                     v1::GrantRoleResponse* response) {
    return answer({platform_, context, "GrantRole"}, request, response,
                  [](const auto& call) { change_role<core::GrantRole>(call); });
}

IdentityService::Reactor* IdentityService::RevokeRole(Context* context,
                                                      const v1::RevokeRoleRequest* request,
                                                      v1::RevokeRoleResponse* response) {
    return answer({platform_, context, "RevokeRole"}, request, response,
                  [](const auto& call) { change_role<core::RevokeRole>(call); });
}

IdentityService::Reactor* IdentityService::ListGrants(Context* context,
                                                      const v1::ListGrantsRequest* request,
                                                      v1::ListGrantsResponse* response) {
    return answer({platform_, context, "ListGrants"}, request, response,
                  [](const auto& call) { list_grants(call); });
}

}  // namespace gusu::service
