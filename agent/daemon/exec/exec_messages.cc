#include "agent/daemon/exec/exec_messages.h"

#include <algorithm>

#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

constexpr int kMostRows = 10'000;
constexpr int kMostSignal = 64;

Frame numbers(FrameKind kind, int first, int second) {
    return {.kind = kind, .content = std::to_string(first) + " " + std::to_string(second)};
}

int extent(int given) { return std::clamp(given, 0, kMostRows); }

}  // namespace

ProgramRequest to_request(const v1::ExecProgram& program) {
    ProgramRequest request;
    request.command = {program.command().begin(), program.command().end()};
    request.environment = {program.env().begin(), program.env().end()};
    if (program.has_terminal()) {
        const v1::Terminal& terminal = program.terminal();
        request.terminal = TerminalRequest{.type = terminal.type(),
                                           .rows = extent(terminal.size().rows()),
                                           .columns = extent(terminal.size().columns())};
    }
    return request;
}

v1::ExecProgram to_program(const ProgramRequest& request) {
    v1::ExecProgram program;
    program.mutable_command()->Assign(request.command.begin(), request.command.end());
    for (const auto& [name, value] : request.environment) {
        (*program.mutable_env())[name] = value;
    }
    if (request.terminal) {
        v1::Terminal& terminal = *program.mutable_terminal();
        terminal.set_type(request.terminal->type);
        terminal.mutable_size()->set_rows(request.terminal->rows);
        terminal.mutable_size()->set_columns(request.terminal->columns);
    }
    return program;
}

std::optional<Frame> to_frame(const v1::ExecInput& input) {
    switch (input.input_case()) {
        case v1::ExecInput::kData:
            return Frame{.kind = FrameKind::Data, .content = input.data()};
        case v1::ExecInput::kEnd:
            return Frame{.kind = FrameKind::NothingMore, .content = ""};
        case v1::ExecInput::kResize:
            return numbers(FrameKind::Resize, extent(input.resize().rows()),
                           extent(input.resize().columns()));
        case v1::ExecInput::kSignal:
            return Frame{.kind = FrameKind::Signal, .content = std::to_string(input.signal())};
        case v1::ExecInput::INPUT_NOT_SET:
            return std::nullopt;
    }
    return std::nullopt;
}

std::optional<Frame> to_frame(const v1::ExecOutput& output) {
    switch (output.output_case()) {
        case v1::ExecOutput::kStarted:
            return Frame{.kind = FrameKind::Started, .content = ""};
        case v1::ExecOutput::kData:
            return Frame{.kind = FrameKind::Data, .content = output.data()};
        case v1::ExecOutput::kErrorData:
            return Frame{.kind = FrameKind::ErrorData, .content = output.error_data()};
        case v1::ExecOutput::kEnd:
            return numbers(FrameKind::End, output.end().exit_code(), output.end().signal());
        case v1::ExecOutput::OUTPUT_NOT_SET:
            return std::nullopt;
    }
    return std::nullopt;
}

std::optional<v1::ExecInput> to_input(Frame frame) {
    v1::ExecInput input;
    if (frame.kind == FrameKind::Data) {
        input.set_data(std::move(frame.content));
    } else if (frame.kind == FrameKind::NothingMore) {
        input.set_end(true);
    } else if (const auto size = two_numbers(frame.content);
               size && frame.kind == FrameKind::Resize) {
        input.mutable_resize()->set_rows(size->first);
        input.mutable_resize()->set_columns(size->second);
    } else if (const auto signal = parse_integer(frame.content, 1, kMostSignal);
               signal && frame.kind == FrameKind::Signal) {
        input.set_signal(static_cast<int>(*signal));
    } else {
        return std::nullopt;
    }
    return input;
}

std::optional<v1::ExecOutput> to_output(Frame frame) {
    v1::ExecOutput output;
    if (frame.kind == FrameKind::Started) {
        output.set_started(true);
    } else if (frame.kind == FrameKind::Data) {
        output.set_data(std::move(frame.content));
    } else if (frame.kind == FrameKind::ErrorData) {
        output.set_error_data(std::move(frame.content));
    } else if (const auto end = two_numbers(frame.content); end && frame.kind == FrameKind::End) {
        output.mutable_end()->set_exit_code(end->first);
        output.mutable_end()->set_signal(end->second);
    } else {
        return std::nullopt;
    }
    return output;
}

}  // namespace gusu::agent
