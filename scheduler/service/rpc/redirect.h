// What a scheduler that stands by says to everybody: ask the one that leads.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "scheduler/service/rpc/listening.h"

namespace gusu::service {

// Answers every call and stream with UNAVAILABLE and, in the trailer rpc::kLeaderTrailer, with the
// address of the scheduler that leads, as long as it lives. The health service says NOT_SERVING.
class Redirect {
public:
    // Empty: nobody leads. Called on any thread.
    using LeaderOf = std::function<std::string()>;

    static Result<std::unique_ptr<Redirect>> start(const HostPort& listen, const TlsFiles& tls,
                                                   LeaderOf leader);
    ~Redirect();
    Redirect(const Redirect&) = delete;
    Redirect& operator=(const Redirect&) = delete;

    const HostPort& address() const { return listening_.address; }

private:
    class Answers;
    explicit Redirect(LeaderOf leader);

    std::unique_ptr<Answers> answers_;
    Listening listening_;
};

}  // namespace gusu::service
