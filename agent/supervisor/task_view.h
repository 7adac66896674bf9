// What a task sees of the machine: the machine's files, but an own /tmp and /dev/shm, the processes
// and control groups of this task alone, no scratch of others, an own System V and POSIX IPC, and
// an account for its user.
//
// All of it is made for the task and goes with its last process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/cgroup/cgroup.h"
#include "agent/supervisor/person.h"

namespace gusu::agent {

struct TaskView {
    const std::optional<Person>& person;
    // Folders in which the task sees only what is in `kept`.
    const std::vector<std::string>& hidden;
    // Folders it sees wherever they are. No link may lead to them.
    const std::vector<std::string>& kept;
    // Kept too, if this person may enter it and it is not one of the private folders itself.
    const std::string& workdir;
    // In place of /etc/passwd; "": what is there.
    const std::string& accounts;
    const Cgroup* cgroup;     // may be null
    std::int64_t memory = 0;  // the most that each private folder holds, in bytes; 0: half of all
};

// For a child that is alone in its process namespace with an init, as root, before its exec. Gives
// the reason why it cannot, or "".
std::string enter_view(const TaskView& view);

}  // namespace gusu::agent
