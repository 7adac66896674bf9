// What is said to a program in a task and by it: as frames on the node (agent/enter/frames.h), as
// messages between nodes and scheduler. Pure.
#pragma once

#include <optional>
#include <utility>

#include "agent/enter/frames.h"
#include "agent/enter/request.h"
#include "gusu/v1/exec.pb.h"

namespace gusu::agent {

ProgramRequest to_request(const v1::ExecProgram& program);
v1::ExecProgram to_program(const ProgramRequest& request);

// Nothing if it says nothing that this agent knows.
std::optional<Frame> to_frame(const v1::ExecInput& input);
std::optional<Frame> to_frame(const v1::ExecOutput& output);
// Nothing of a frame that does not go that way.
std::optional<v1::ExecInput> to_input(Frame frame);
std::optional<v1::ExecOutput> to_output(Frame frame);

}  // namespace gusu::agent
