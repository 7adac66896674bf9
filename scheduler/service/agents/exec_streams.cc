#include "scheduler/service/agents/exec_streams.h"

namespace gusu::service {

void ExecAgentStream::write(v1::ExecInput input) {
    v1::ExecResponse response;
    *response.mutable_input() = std::move(input);
    write_one(std::move(response));
}

void ExecAgentStream::heard(const v1::ExecRequest& request) {
    const auto talking = session();
    if (talking == nullptr) {
        claim(request.exec_id());
    } else if (request.has_output()) {
        talking->take_output(request.output());
    } else if (!request.failure().empty()) {
        talking->close(ExecResult::Refused,
                       Error{ErrorCode::FailedPrecondition, request.failure()});
    } else {
        finish(Error{ErrorCode::InvalidArgument, "neither output nor a failure"});
        gone();
    }
}

void ExecAgentStream::claim(const std::string& exec_id) {
    if (peer_.empty()) {
        finish(Error{ErrorCode::Unauthenticated,
                     "an agent needs the certificate it got when it enrolled"});
        return;
    }
    const auto claimed = relay_.claim(exec_id, peer_);
    if (!claimed) {
        finish(claimed.error());
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        session_ = *claimed;
    }
    if (!(*claimed)->attach(std::static_pointer_cast<ExecAgentStream>(shared_from_this()))) {
        finish(Error{ErrorCode::NotFound, "nobody waits for this program any more"});
    }
}

void ExecAgentStream::written() {
    if (const auto talking = session()) {
        talking->input_written();
    }
}

void ExecAgentStream::gone() {
    if (const auto talking = session()) {
        talking->agent_gone();
    }
}

std::shared_ptr<ExecSession> ExecAgentStream::session() {
    const std::lock_guard lock(mutex_);
    return session_;
}

}  // namespace gusu::service
