#include "scheduler/service/rpc/authenticator.h"

#include <mutex>
#include <string_view>

#include "scheduler/base/text.h"
#include "scheduler/service/identity/secrets.h"

namespace gusu::service {
namespace {

Error unknown(const std::string& why) {
    return {ErrorCode::Unauthenticated, why + "; run `gusu login` with a token of your own"};
}

// Schemes are compared without case; nothing if it is none of ours.
std::string_view secret_of(std::string_view authorization) {
    constexpr std::string_view kScheme = "bearer ";
    if (authorization.size() < kScheme.size()) {
        return {};
    }
    for (std::size_t i = 0; i < kScheme.size(); ++i) {
        const char c = authorization[i];
        if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != kScheme[i]) {
            return {};
        }
    }
    return authorization.substr(kScheme.size());
}

}  // namespace

void Authenticator::know(const core::State& state, Time now) {
    const std::unique_lock lock(mutex_);
    for (const auto& [id, token] : state.directory().tokens) {
        add(token);
    }
    engine_time_ = now;
    read_at_ = std::chrono::steady_clock::now();
}

void Authenticator::see(const core::Events& events, Time now) {
    for (const core::Event& event : events) {
        const auto* issued = std::get_if<core::TokenIssued>(&event.body);
        const auto* revoked = std::get_if<core::TokenRevoked>(&event.body);
        if (issued == nullptr && revoked == nullptr) {
            continue;
        }
        const std::unique_lock lock(mutex_);
        engine_time_ = now;
        read_at_ = std::chrono::steady_clock::now();
        if (issued != nullptr) {
            add(issued->token);
        } else if (const auto found = hash_by_token_.find(revoked->id);
                   found != hash_by_token_.end()) {
            people_.erase(found->second);
            hash_by_token_.erase(found);
        }
    }
}

// Tokens by which nodes enrol are nobody's word.
void Authenticator::add(const core::TokenRecord& token) {
    if (!token.user.empty() && token.node.empty()) {
        people_[token.hash] = Person{token.user, token.expires};
        hash_by_token_[token.id] = token.hash;
    }
}

Time Authenticator::now() const {
    const auto since = std::chrono::steady_clock::now() - read_at_;
    return engine_time_ + std::chrono::duration_cast<Duration>(since);
}

void Authenticator::turn_away(const std::string& why) {
    const std::unique_lock lock(mutex_);
    turned_away_ = why;
}

void Authenticator::let_in() { turn_away(""); }

std::string Authenticator::why_turned_away() const {
    const std::shared_lock lock(mutex_);
    return turned_away_;
}

Result<Person> Authenticator::identify(const grpc::CallbackServerContext& context) const {
    const auto found = context.client_metadata().find("authorization");
    if (found == context.client_metadata().end()) {
        return unknown("this call carries no token");
    }
    const std::string_view secret =
        secret_of(std::string_view(found->second.data(), found->second.size()));
    if (!looks_like_secret(secret)) {
        return unknown("authorization: a token begins with \"Bearer gusu_\"");
    }
    const std::string hash = hash_secret(secret);
    const std::shared_lock lock(mutex_);
    if (!turned_away_.empty()) {
        return Error{ErrorCode::Unavailable, turned_away_};
    }
    const auto person = people_.find(hash);
    if (person == people_.end()) {
        return unknown("this token is not known: it was revoked, or is of another platform");
    }
    if (person->second.token_expires <= now()) {
        return unknown("this token expired at " + format_rfc3339(person->second.token_expires));
    }
    return person->second;
}

}  // namespace gusu::service
