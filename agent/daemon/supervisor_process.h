// Supervisors as processes: started, found again after the agent was gone, told to stop.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "agent/daemon/files.h"
#include "agent/supervisor/records.h"

namespace gusu::agent {

struct StartedSupervisor {
    Descriptor process;  // a pidfd: readable once it is over
    Descriptor started;  // readable once the program runs, or at its end without a word
};

// `directory` holds order.json. The supervisor has a session of its own and outlives the agent.
Result<StartedSupervisor> start_supervisor(const std::filesystem::path& program,
                                           const std::filesystem::path& directory);

// Whether it can wall in a task on this machine; the error says why not.
Status try_wall(const std::filesystem::path& program);

// The supervisors of the directories directly below `tasks`, by the directory's name. Each is known
// by its command line and its owner while its pidfd is held, so that a number given anew to another
// process is never taken for it.
std::map<std::string, Descriptor> find_supervisors(const std::filesystem::path& tasks);

// A supervisor that is already over is no error.
Status stop_supervisor(const Descriptor& process, const std::filesystem::path& directory,
                       const StopRequest& request);

bool is_over(const Descriptor& process);
// False if it is not over after `patience`.
bool wait_until_over(const Descriptor& process, Duration patience);
// Takes the exit status of one that this agent started.
void reap(const Descriptor& process);

}  // namespace gusu::agent
