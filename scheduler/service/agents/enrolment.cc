#include "scheduler/service/agents/enrolment.h"

#include <utility>

#include "scheduler/base/log.h"
#include "scheduler/base/text.h"
#include "scheduler/service/identity/secrets.h"
#include "scheduler/service/identity/tls_files.h"

namespace gusu::service {
namespace {

// Of the token that it shows. Whether that may enrol this node, the core decides.
Result<std::string> token_id(const core::Directory& directory, const v1::EnrolRequest& request) {
    const auto id = directory.token_id_by_hash.find(hash_secret(request.token()));
    if (id != directory.token_id_by_hash.end()) {
        return id->second;
    }
    return Error{ErrorCode::Unauthenticated,
                 "the token that should enrol node " + quote(request.node()) +
                     " is unknown, or has expired. Make a new one: gusu token create --node " +
                     request.node()};
}

// Once, and tells the log of refusals.
void give(const Enrolment::Answer& answer, const std::string& node,
          const Result<v1::EnrolResponse>& response) {
    if (!response && response.error().code != ErrorCode::Unavailable) {
        spdlog::warn("enrolment refused node={} reason={}", quote(node), response.error().message);
    }
    answer(response);
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
    engine_.read([this, request, answer](core::Scheduler& scheduler, Time) -> Release {
        auto id = token_id(scheduler.state().directory(), request);
        return [this, request, answer, id = std::move(id)](const Status& durable) {
            if (!durable || !id) {
                give(answer, request.node(), durable ? id.error() : durable.error());
            } else {
                sign(request, *id, answer);
            }
        };
    });
}

void Enrolment::sign(const v1::EnrolRequest& request, const std::string& token_id,
                     const Answer& answer) {
    auto certificate = sign_node_request(authority_, request.certificate_request(), request.node(),
                                         calendar_now());
    const auto key = key_of_request(request.certificate_request());
    if (!certificate || !key) {
        give(answer, request.node(), certificate ? key.error() : certificate.error());
        return;
    }
    v1::EnrolResponse response;
    response.set_certificate(std::move(*certificate));
    response.set_authority(authority_.certificate);
    core::UseNodeToken use{.id = token_id, .node = request.node(), .key = *key};
    engine_.post(std::move(use), Sender::Client,
                 [response, answer, node = request.node()](
                     core::Scheduler&, const Result<core::Events>& events, Time) -> Release {
                     const Status used = events ? Status(Done{}) : Status(events.error());
                     return [response, answer, node, used](const Status& durable) {
                         if (!used || !durable) {
                             give(answer, node, used ? durable.error() : used.error());
                         } else {
                             give(answer, node, response);
                         }
                     };
                 });
}

}  // namespace gusu::service
