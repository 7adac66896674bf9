// Whom the tasks of each tenant run as.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "agent/daemon/files.h"
#include "gusu/config/v1/agent.pb.h"
#include "gusu/v1/agent_service.pb.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

struct TaskUser {
    std::string name;            // for USER and LOGNAME; of an account only if has_account
    std::optional<Owner> owner;  // none: the task runs as the agent does
    bool has_account = false;

    friend bool operator==(const TaskUser&, const TaskUser&) = default;
};

// Numbers for tenants: first + tenant's number.
struct UidRange {
    std::int64_t first = 0;
    std::int64_t count = 0;
};

// If the configuration does not say: used by nobody else on Debian, nor by systemd.
inline constexpr UidRange kTenantUids{.first = 1'900'000'000, .count = 100'000'000};

struct TaskUsers {
    std::map<std::string, TaskUser> of_tenants;  // by path
    std::optional<UidRange> of_others;           // none: they run as `shared`
    TaskUser shared = {};
};

// By the configuration; as the agent itself where that is not root, and as nobody where the agent
// is in a container that has no such numbers and the configuration does not ask for any. An error
// names an account that is not there, or root in place of a tenant.
Result<TaskUsers> find_task_users(const config::v1::AgentConfig& config);

// An error is why the task cannot start.
Result<TaskUser> user_of(const TaskUsers& users, const v1::Launch& launch);

// The node's label that tells people and jobs whether two tenants may run as one user: "tenant" or
// "shared".
inline constexpr const char* kTaskUserLabel = "task_user";
std::string task_user_label(const TaskUsers& users);

}  // namespace gusu::agent
