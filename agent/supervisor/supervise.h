// The life of one task, from its order to how it ended.
//
//   start   control group, logs, the main program
//   run     pipes into logs; a stop (SIGUSR1 with stop.json, SIGTERM, or the time limit) sends the
//           stop signal to every process of the task, and SIGKILL once the grace is over
//   end     with the main program everything that it started ends, wherever it went: control group
//           and subreaper both know it. Then the pipes are drained and the group is removed.
#pragma once

#include <filesystem>

#include "agent/supervisor/descriptor.h"
#include "agent/supervisor/records.h"

namespace gusu::agent {

// Blocks the signals that supervise() reads, so that none is lost or deadly before. Call it first.
void hold_signals();

// Runs the task to its end. `agent` (may be not open) hears "started\n" once the program runs. The
// process must have one thread.
ExitRecord supervise(const std::filesystem::path& directory, const SupervisorOrder& order,
                     Descriptor agent);

}  // namespace gusu::agent
