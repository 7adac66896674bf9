#include "agent/daemon/exec/exec_sessions.h"

#include <sys/socket.h>

#include <utility>

#include "agent/daemon/exec/enter_process.h"
#include "agent/daemon/exec/exec_messages.h"
#include "agent/daemon/supervisor_process.h"
#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

// Of those wanted here and those wanted elsewhere.
constexpr std::size_t kMostSessions = 256;
constexpr Duration kLookAgain{100};
}  // namespace

ExecSessions::~ExecSessions() {
    for (const auto& [number, session] : sessions_) {
        session->is_cancelled = true;
        session->context.TryCancel();
        ::shutdown(session->socket.get(), SHUT_RDWR);
    }
    for (const auto& [number, session] : sessions_) {
        session->thread.join();
    }
}

void ExecSessions::open(const v1::ExecOpen& order, std::uint64_t highest_epoch) {
    if (order.epoch() < highest_epoch) {
        spdlog::warn("program refused: the leadership that asks for it is over session={}",
                     order.exec_id());
        return;
    }
    auto session = std::make_unique<Session>();
    const Result<std::string> started = start(order, *session);
    spdlog::info("program in a task task={} session={} reason=\"{}\"",
                 to_text(from_proto(order.key())), order.exec_id(),
                 started ? "" : started.error().message);
    const std::string& id = order.exec_id();
    const SchedulerChannel channel = around_.channel();
    if (!started) {
        run(std::move(session), [channel, id, why = started.error().message](Session& own) {
            relay_failure(channel, own.context, id, why);
        });
        return;
    }
    run(std::move(session), [channel, id, request = *started](Session& own) {
        send_frame(own.socket.get(), FrameKind::Request, request);
        relay_program(channel, own.context, id, own.socket);
        while (!own.is_cancelled && !wait_until_over(own.process, kLookAgain)) {
        }
        reap(own.process);
    });
}

// Gives what gusu-enter is to be told.
Result<std::string> ExecSessions::start(const v1::ExecOpen& order, Session& session) {
    if (sessions_.size() >= kMostSessions) {
        return Error{ErrorCode::QuotaExceeded,
                     "the node's agent runs " + std::to_string(sessions_.size()) +
                         " such programs already, which is the most; end one of them"};
    }
    const auto task = around_.supervised(from_proto(order.key()));
    auto request = to_json(to_request(order.program()));
    if (!task || !request) {
        return task ? request.error() : task.error();
    }
    auto started = start_enter(around_.program, task->folder, task->supervisor);
    if (!started) {
        return started.error();
    }
    session.socket = std::move(started->socket);
    session.process = std::move(started->process);
    return request;
}

void ExecSessions::step(const TaskKey& from, Descriptor socket) {
    if (sessions_.size() >= kMostSessions) {
        send_frame(socket.get(), FrameKind::Failure,
                   "the node's agent runs too many such programs already; end one of them");
        return;
    }
    auto session = std::make_unique<Session>();
    session->socket = std::move(socket);
    v1::TaskKey key;
    key.set_incarnation(from.incarnation);
    key.set_task(from.task);
    run(std::move(session), [channel = around_.channel(), key](Session& own) {
        relay_step(channel, own.context, key, own.socket);
    });
}

void ExecSessions::run(std::unique_ptr<Session> session, Body body) {
    const std::uint64_t number = ++last_;
    Session& own = *session;
    sessions_[number] = std::move(session);
    own.thread = std::thread([this, &own, number, body = std::move(body)] {
        body(own);
        loop_.post([this, number] { over(number); });
    });
}

void ExecSessions::over(std::uint64_t number) {
    const auto found = sessions_.find(number);
    found->second->thread.join();
    sessions_.erase(found);
}

}  // namespace gusu::agent
