// /etc/gusu/agent.yaml: read, completed with the defaults, and checked.
#pragma once

#include <filesystem>

#include "gusu/config/v1/agent.pb.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

// Every field that has a default is set but cpus and memory, every path is absolute (a relative one
// is relative to the file's folder). Errors name the file, the field, the value and the remedy.
Result<config::v1::AgentConfig> load_agent_config(const std::filesystem::path& file);

}  // namespace gusu::agent
