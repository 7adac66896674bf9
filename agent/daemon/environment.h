// The environment a task finds. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gusu/v1/agent_service.pb.h"

namespace gusu::agent {

struct TaskPlace {
    int rank = 0;  // over all groups of the job
    std::string user;
    std::string scratch;
    std::string checkpoints;             // GUSU_CHECKPOINT_DIR
    std::string checkpoint_socket = {};  // GUSU_CHECKPOINT_SOCKET
    std::string programs = {};           // where gusu-agent is; the last folder of PATH
    std::string step_socket = {};        // GUSU_STEP_SOCKET
    std::string hosts = {};              // the file of hosts_text()
};

// All that CONTRACT.md lists, and then the job's own; of these GUSU_*, SLURM_* and the devices
// cannot be set by a job, but for *_SUBMIT_DIR. `devices` are all of this node.
std::map<std::string, std::string> task_environment(const v1::Launch& launch,
                                                    const TaskPlace& place,
                                                    const std::vector<v1::Device>& devices);

// The nodes of the job and how many tasks each has, as mpirun reads them.
std::string hosts_text(const v1::Launch& launch);

// %j: the job's id, %t: the task, %a: the index in the array (0 outside of one), %%: %.
std::string expand_pattern(const std::string& pattern, const v1::Launch& launch, int rank);

}  // namespace gusu::agent
