#include "scheduler/service/agents/enrolment.h"

#include <utility>

#include "scheduler/base/log.h"
#include "scheduler/base/text.h"
#include "scheduler/service/identity/secrets.h"
#include "scheduler/service/identity/tls_files.h"

namespace gusu::service {
namespace {

Error wrong_token(const std::string& node) {
    return {ErrorCode::Unauthenticated,
            "the token does not enrol node " + quote(node) +
                ": it is unknown, used up, expired, or made for another node. Make a new one: "
                "gusu token create --node " +
                node};
}

// The id of the token that enrols this node.
Result<std::string> token_id(const core::Directory& directory, const v1::EnrolRequest& request,
                             Time now) {
    const auto id = directory.token_id_by_hash.find(hash_secret(request.token()));
    if (id == directory.token_id_by_hash.end()) {
        return wrong_token(request.node());
    }
    const auto token = directory.tokens.find(id->second);
    const bool fits = token != directory.tokens.end() && !request.node().empty() &&
                      token->second.node == request.node() && token->second.expires > now;
    return fits ? Result<std::string>(id->second) : wrong_token(request.node());
}

}  // namespace

void Enrolment::enrol(const v1::EnrolRequest& request, Answer answer) {
    if (authority_.key.empty()) {
        answer(Error{ErrorCode::FailedPrecondition,
                     "this scheduler does not sign certificates (tls.authority_key is not set); "
                     "give the node one of the authority it trusts, with the node's name as "
                     "common name"});
        return;
    }
    engine_.read([this, request, answer](core::Scheduler& scheduler, Time now) -> Release {
        auto id = token_id(scheduler.state().directory(), request, now);
        return [this, request, answer, id = std::move(id)](const Status& durable) {
            if (!durable) {
                answer(durable.error());
            } else if (!id) {
                spdlog::warn("enrolment refused node={}", quote(request.node()));
                answer(id.error());
            } else {
                sign(request, *id, answer);
            }
        };
    });
}

void Enrolment::sign(const v1::EnrolRequest& request, const std::string& token_id, Answer answer) {
    auto certificate = sign_node_request(authority_, request.certificate_request(), request.node(),
                                         calendar_now());
    if (!certificate) {
        answer(certificate.error());
        return;
    }
    v1::EnrolResponse response;
    response.set_certificate(std::move(*certificate));
    response.set_authority(authority_.certificate);
    engine_.post(
        core::UseNodeToken{token_id, request.node()}, Sender::Client,
        [response, answer](core::Scheduler&, const Result<core::Events>& events, Time) -> Release {
            const Status used = events ? Status(Done{}) : Status(events.error());
            return [response, answer, used](const Status& durable) {
                if (!used) {
                    answer(used.error());
                } else if (!durable) {
                    answer(durable.error());
                } else {
                    answer(response);
                }
            };
        });
}

}  // namespace gusu::service
