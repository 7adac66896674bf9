#include "agent/daemon/exec/exec_relay.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <atomic>
#include <thread>
#include <utility>

#include "agent/daemon/exec/exec_messages.h"
#include "gusu/v1/agent_service.grpc.pb.h"

namespace gusu::agent {
namespace {

using ProgramStream = grpc::ClientReaderWriter<v1::ExecRequest, v1::ExecResponse>;
using StepStream = grpc::ClientReaderWriter<v1::StepRequest, v1::StepResponse>;

// For what a task asks for, once it has connected.
constexpr timeval kRequestPatience{.tv_sec = 10, .tv_usec = 0};

bool send_failure(ProgramStream& stream, const std::string& failure) {
    v1::ExecRequest request;
    request.set_failure(failure);
    return stream.Write(request);
}

// What the program says, until its end.
void tell_output(const Descriptor& socket, ProgramStream& stream) {
    FrameReader reader;
    bool has_ended = false;
    bool is_heard = true;
    while (!has_ended && is_heard) {
        auto frame = receive_frame(socket.get(), reader);
        if (!frame) {
            break;
        }
        has_ended = frame->kind == FrameKind::End || frame->kind == FrameKind::Failure;
        if (frame->kind == FrameKind::Failure) {
            is_heard = send_failure(stream, frame->content);
        } else if (auto output = to_output(std::move(*frame))) {
            v1::ExecRequest request;
            *request.mutable_output() = std::move(*output);
            is_heard = stream.Write(request);
        }
    }
    stream.WritesDone();
}

// What the task wants to say to the other program, until it is gone.
void tell_input(const Descriptor& socket, FrameReader& reader, StepStream& stream) {
    while (auto frame = receive_frame(socket.get(), reader)) {
        auto input = to_input(std::move(*frame));
        v1::StepRequest request;
        if (input) {
            *request.mutable_input() = std::move(*input);
        }
        if (input && !stream.Write(request)) {
            return;
        }
    }
}

v1::StepStart to_start(const v1::TaskKey& from, const ProgramRequest& request) {
    v1::StepStart start;
    *start.mutable_from() = from;
    *start.mutable_program() = to_program(request);
    if (request.node.empty()) {
        start.set_task(request.task);
    } else {
        start.set_node(request.node);
    }
    return start;
}

void set_patience(const Descriptor& socket, const timeval& patience) {
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

Result<ProgramRequest> asked_for(const Descriptor& socket, FrameReader& reader) {
    set_patience(socket, kRequestPatience);
    const auto frame = receive_frame(socket.get(), reader);
    set_patience(socket, {});
    if (!frame || frame->kind != FrameKind::Request) {
        return Error{ErrorCode::InvalidArgument, "nothing was asked for"};
    }
    return read_program_request(frame->content);
}

}  // namespace

void relay_program(const SchedulerChannel& channel, grpc::ClientContext& context,
                   const std::string& exec_id, const Descriptor& socket) {
    const auto stub = v1::AgentService::NewStub(channel);
    const auto stream = stub->Exec(&context);
    v1::ExecRequest first;
    first.set_exec_id(exec_id);
    stream->Write(first);
    std::thread speaker([&socket, &stream] { tell_output(socket, *stream); });
    v1::ExecResponse response;
    while (stream->Read(&response)) {
        if (const auto frame = to_frame(response.input())) {
            // A program that hears nothing any more may still say something.
            send_frame(socket.get(), frame->kind, frame->content);
        }
    }
    // Nobody is there any more, so the program is to hang up.
    ::shutdown(socket.get(), SHUT_RDWR);
    speaker.join();
    stream->Finish();
}

void relay_failure(const SchedulerChannel& channel, grpc::ClientContext& context,
                   const std::string& exec_id, const std::string& failure) {
    const auto stub = v1::AgentService::NewStub(channel);
    const auto stream = stub->Exec(&context);
    v1::ExecRequest first;
    first.set_exec_id(exec_id);
    stream->Write(first);
    send_failure(*stream, failure);
    stream->WritesDone();
    v1::ExecResponse ignored;
    while (stream->Read(&ignored)) {
    }
    stream->Finish();
}

void relay_step(const SchedulerChannel& channel, grpc::ClientContext& context,
                const v1::TaskKey& from, const Descriptor& socket) {
    FrameReader reader;
    const auto request = asked_for(socket, reader);
    if (!request) {
        send_frame(socket.get(), FrameKind::Failure, request.error().message);
        return;
    }
    const auto stub = v1::AgentService::NewStub(channel);
    const auto stream = stub->Step(&context);
    v1::StepRequest first;
    *first.mutable_start() = to_start(from, *request);
    stream->Write(first);
    std::atomic<bool> is_over = false;
    std::thread speaker([&] {
        tell_input(socket, reader, *stream);
        if (!is_over) {
            context.TryCancel();
        }
    });
    v1::StepResponse response;
    bool is_heard = true;
    bool has_begun = false;
    while (is_heard && stream->Read(&response)) {
        has_begun = true;
        const auto frame = to_frame(response.output());
        is_heard = !frame || send_frame(socket.get(), frame->kind, frame->content);
    }
    is_over = true;
    if (!is_heard) {
        context.TryCancel();
    }
    ::shutdown(socket.get(), SHUT_RD);
    speaker.join();
    const grpc::Status status = stream->Finish();
    if (!status.ok()) {
        const bool comes_later = status.error_code() == grpc::StatusCode::UNAVAILABLE && !has_begun;
        send_frame(socket.get(), comes_later ? FrameKind::NotYet : FrameKind::Failure,
                   status.error_message());
    }
    ::shutdown(socket.get(), SHUT_RDWR);
}

}  // namespace gusu::agent
