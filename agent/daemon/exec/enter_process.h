// gusu-enter as a process of this agent's: a program in a task, at the other end of a socket.
#pragma once

#include <filesystem>

#include "agent/enter/request.h"
#include "agent/supervisor/descriptor.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

struct EnterProcess {
    Descriptor socket;
    Descriptor process;  // a pidfd; it is a child, and to be reaped
};

// `program` is gusu-enter, `task` the task's folder, `supervisor` a pidfd of its supervisor.
Result<EnterProcess> start_enter(const std::filesystem::path& program,
                                 const std::filesystem::path& task, const Descriptor& supervisor);

}  // namespace gusu::agent
