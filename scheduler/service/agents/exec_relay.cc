#include "scheduler/service/agents/exec_relay.h"

#include <utility>

#include "proto/rpc/channel.h"
#include "scheduler/base/log.h"
#include "scheduler/base/text.h"
#include "scheduler/service/agents/agent_stream.h"

namespace gusu::service {
namespace {

// What is said over the node's stream must not hold up what else is.
constexpr std::size_t kMostProgramBytes = std::size_t{256} << 10;

Status check_program(const v1::ExecProgram& program) {
    if (program.command().empty() || program.command(0).empty()) {
        return Error{ErrorCode::InvalidArgument, "program.command: is empty; name a program"};
    }
    if (program.ByteSizeLong() > kMostProgramBytes) {
        return Error{ErrorCode::InvalidArgument,
                     "program: command and environment have " +
                         std::to_string(program.ByteSizeLong()) + " bytes, at most " +
                         std::to_string(kMostProgramBytes) + " are allowed; put them into a file"};
    }
    return Done{};
}

Error out_of_touch(const std::string& node) {
    return {ErrorCode::FailedPrecondition,
            "node " + node + " is out of touch; `gusu node show " + node + "` tells since when"};
}

Error too_many(const std::string& where, std::size_t count, const std::string& remedy) {
    return {ErrorCode::QuotaExceeded, where + " runs " + std::to_string(count) +
                                          " such programs already, which is the most; " + remedy};
}

Error going_down() {
    return {ErrorCode::Unavailable, "the scheduler is going down, and the program is ended"};
}

}  // namespace

Status ExecRelay::admit(const ExecOrder& order) const {
    if (const Status right = check_program(order.program); !right) {
        return right;
    }
    const std::lock_guard lock(mutex_);
    if (is_closing_) {
        return going_down();
    }
    std::size_t of_node = 0;
    std::size_t of_task = 0;
    for (const auto& [id, open] : open_) {
        of_node += open.node == order.node ? 1 : 0;
        of_task += open.what == order.what ? 1 : 0;
    }
    if (of_task >= kMostExecSessionsOfTask) {
        return too_many("the task", of_task, "end one of them");
    }
    if (of_node >= kMostExecSessionsOfNode) {
        return too_many("node " + order.node, of_node, "try again later");
    }
    if (open_.size() >= kMostExecSessions) {
        return too_many("the platform", open_.size(), "try again later");
    }
    return Done{};
}

std::shared_ptr<ExecSession> ExecRelay::make_session(const std::string& id, const ExecOrder& order,
                                                     const std::shared_ptr<ExecCaller>& caller) {
    const auto began = Steady::now();
    auto closed = [this, id, began, what = order.what](ExecResult result, const Status& status) {
        const auto seconds =
            std::chrono::duration_cast<std::chrono::seconds>(Steady::now() - began).count();
        spdlog::info("exec closed session={} task={} result={} seconds={} reason=\"{}\"", id, what,
                     to_text(result), seconds, status ? "" : status.error().message);
        counts_.closed(result);
        this->closed(id);
    };
    return std::make_shared<ExecSession>(caller, std::move(closed));
}

void ExecRelay::open(const ExecOrder& order, std::uint64_t epoch,
                     const std::shared_ptr<ExecCaller>& caller) {
    const auto stream = stream_of_(order.node);
    const Status admitted = admit(order);
    if (!admitted || stream == nullptr) {
        counts_.opened();
        counts_.closed(ExecResult::Refused);
        caller->finish(admitted ? Status(out_of_touch(order.node)) : admitted);
        return;
    }
    const std::string id = rpc::new_request_id();
    const auto session = make_session(id, order, caller);
    counts_.opened();
    // The trace of who was where.
    spdlog::info("exec opened session={} user={} task={} node={} program={} terminal={}", id,
                 order.who, order.what, order.node, quote(order.program.command(0)),
                 order.program.has_terminal());
    bool is_closing = false;
    {
        const std::lock_guard lock(mutex_);
        is_closing = is_closing_;
        open_[id] = {.session = session,
                     .node = order.node,
                     .what = order.what,
                     .wait_until = Steady::now() + kExecDialBack};
    }
    if (is_closing) {
        session->close(ExecResult::Lost, going_down());
        return;
    }
    session->begin();
    v1::ConnectResponse response;
    v1::ExecOpen& asked = *response.mutable_exec_open();
    asked.set_exec_id(id);
    asked.set_epoch(epoch);
    *asked.mutable_key() = order.key;
    *asked.mutable_program() = order.program;
    stream->send(std::move(response));
}

Result<std::shared_ptr<ExecSession>> ExecRelay::claim(const std::string& exec_id,
                                                      const std::string& node) const {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(exec_id);
    if (found == open_.end() || found->second.node != node) {
        return Error{ErrorCode::NotFound, "nobody waits for this program any more"};
    }
    return found->second.session;
}

void ExecRelay::closed(const std::string& id) {
    const std::lock_guard lock(mutex_);
    open_.erase(id);
}

std::vector<std::shared_ptr<ExecSession>> ExecRelay::those(
    const std::function<bool(const Open&)>& are_meant) const {
    std::vector<std::shared_ptr<ExecSession>> found;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, open] : open_) {
        if (are_meant(open)) {
            found.push_back(open.session);
        }
    }
    return found;
}

void ExecRelay::check(Steady::time_point now) {
    const auto is_late = [now](const Open& open) {
        return open.wait_until < now && !open.session->is_attached();
    };
    for (const auto& session : those(is_late)) {
        session->close(ExecResult::Refused,
                       Error{ErrorCode::FailedPrecondition,
                             "the node's agent has not started the program within " +
                                 std::to_string(kExecDialBack.count()) +
                                 " s; it may be busy or older than this scheduler, so see its log "
                                 "and try again"});
    }
}

void ExecRelay::node_parted(const std::string& node) {
    const auto waits_for_it = [&node](const Open& open) {
        return open.node == node && !open.session->is_attached();
    };
    for (const auto& session : those(waits_for_it)) {
        session->close(ExecResult::Refused, out_of_touch(node));
    }
}

void ExecRelay::shutdown() {
    {
        const std::lock_guard lock(mutex_);
        is_closing_ = true;
    }
    for (const auto& session : those([](const Open&) { return true; })) {
        session->close(ExecResult::Lost, going_down());
    }
}

}  // namespace gusu::service
