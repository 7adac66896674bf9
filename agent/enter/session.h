// A program in a task, from its start until nobody hears it any more: what comes over the socket
// goes to it, and what it says goes back, each no faster than the other side takes it.
//
// The end of the socket hangs up, as that of a terminal does: SIGHUP, and after a grace SIGKILL, to
// all of its session. What has left the session, as by setsid(1), stays until the task ends.
#pragma once

#include <filesystem>

#include "agent/supervisor/descriptor.h"

namespace gusu::agent {

// Of the task whose order is in `directory`. `supervisor` is a pidfd of the task's.
void run_session(const std::filesystem::path& directory, Descriptor socket, Descriptor supervisor);

// SIGCHLD is waited for, and none of the others that come from outside ends this process.
void hold_session_signals();

}  // namespace gusu::agent
