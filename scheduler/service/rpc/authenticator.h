// Who calls: people by the token they bring. What it knows follows the state by its events, so that
// a call costs one look into a map and no way to the engine.
#pragma once

#include <grpcpp/server_context.h>

#include <chrono>
#include <map>
#include <shared_mutex>
#include <string>

#include "scheduler/base/result.h"
#include "scheduler/core/scheduler.h"

namespace gusu::service {

struct Person {
    std::string user;
    Time token_expires;
};

class Authenticator {
public:
    // On the engine's thread: everything the state has, and then what each batch changes. A token
    // counts before it is durable; nobody has been told its secret before that.
    void know(const core::State& state, Time now);
    void see(const core::Events& events, Time now);

    // From now on everybody is told to ask another scheduler, and `why`; until let_in().
    void turn_away(const std::string& why);
    void let_in();
    // Empty: nobody is.
    std::string why_turned_away() const;

    // By "authorization: Bearer gusu_..."; the error names the remedy.
    Result<Person> identify(const grpc::CallbackServerContext& context) const;

private:
    void add(const core::TokenRecord& token);
    // The engine's time, carried on by the steady clock.
    Time now() const;

    mutable std::shared_mutex mutex_;
    std::string turned_away_;                            // why; empty: nobody is
    std::map<std::string, Person, std::less<>> people_;  // by hash
    std::map<std::string, std::string> hash_by_token_;
    Time engine_time_;
    std::chrono::steady_clock::time_point read_at_ = std::chrono::steady_clock::now();
};

}  // namespace gusu::service
