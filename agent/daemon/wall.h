// Whether the kernel walls tasks in: a process namespace, own files for what everybody may write
// to, an own IPC, and a filter of system calls. See agent/supervisor/task_view.h.
#pragma once

#include "agent/daemon/node_settings.h"
#include "gusu/config/v1/agent.pb.h"

namespace gusu::agent {

// The node's label that tells people and jobs: "full" or "none".
inline constexpr const char* kWallLabel = "wall";
std::string to_text(Wall wall);

// What holds for the tasks of this node. Tried with a task that does nothing. Logs what it finds;
// an error only where the configuration requires a wall and there is none.
Result<Wall> choose_wall(const config::v1::AgentConfig& config, const NodeSettings& settings);

}  // namespace gusu::agent
