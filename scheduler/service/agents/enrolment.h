// How a node gets its certificate: for a token, which is good for one key. Who asks again with the
// same key, because the answer was lost, is answered again.
#pragma once

#include <functional>

#include "gusu/v1/agent_service.pb.h"
#include "scheduler/base/result.h"
#include "scheduler/service/engine/engine.h"
#include "scheduler/service/identity/certificates.h"

namespace gusu::service {

class Enrolment {
public:
    // Without a key of the authority nobody is enrolled.
    Enrolment(Engine& engine, KeyPair authority)
        : engine_(engine), authority_(std::move(authority)) {}

    using Answer = std::function<void(const Result<v1::EnrolResponse>&)>;
    // Answers once, on any thread. The certificate leaves when it is durable that the token is
    // used; a request that cannot be signed uses none.
    void enrol(const v1::EnrolRequest& request, Answer answer);

private:
    void sign(const v1::EnrolRequest& request, const std::string& token_id, const Answer& answer);

    Engine& engine_;
    const KeyPair authority_;
};

}  // namespace gusu::service
