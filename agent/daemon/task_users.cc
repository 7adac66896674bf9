#include "agent/daemon/task_users.h"

#include <pwd.h>
#include <unistd.h>

#include <fstream>

#include "scheduler/base/log.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

std::string own_name() {
    const passwd* entry = ::getpwuid(::geteuid());
    return entry == nullptr ? std::to_string(::geteuid()) : entry->pw_name;
}

Result<TaskUser> account(const std::string& name, const std::string& setting) {
    const passwd* entry = ::getpwnam(name.c_str());
    if (entry == nullptr) {
        return Error{ErrorCode::NotFound, setting + ": this machine has no user " + quote(name) +
                                              "; make it (useradd --system), or name another"};
    }
    return TaskUser{.name = name,
                    .owner = Owner{.uid = entry->pw_uid, .gid = entry->pw_gid},
                    .has_account = true};
}

// A container may have a part of the machine's numbers.
bool is_there(const UidRange& range) {
    std::ifstream parts("/proc/self/uid_map");
    for (std::int64_t inside = 0, outside = 0, count = 0; parts >> inside >> outside >> count;) {
        if (inside <= range.first && range.first + range.count <= inside + count) {
            return true;
        }
    }
    return false;
}

Result<std::optional<UidRange>> find_range(const config::v1::AgentConfig& config) {
    const UidRange asked{.first = config.tenant_uids().first(),
                         .count = config.tenant_uids().count()};
    const UidRange range = config.has_tenant_uids() ? asked : kTenantUids;
    if (is_there(range)) {
        return std::optional(range);
    }
    if (config.has_tenant_uids()) {
        return Error{ErrorCode::FailedPrecondition,
                     "tenant_uids: the container that this agent is in does not have them; give "
                     "it more (/etc/subuid), or name one task_user"};
    }
    spdlog::warn("tasks of all tenants run as nobody: this container has no user numbers for them");
    return std::optional<UidRange>();
}

}  // namespace

Result<TaskUsers> find_task_users(const config::v1::AgentConfig& config) {
    TaskUsers users;
    if (::geteuid() != 0) {
        users.shared.name = own_name();
        return users;
    }
    if (config.task_user().empty()) {
        const auto range = find_range(config);
        if (!range) {
            return range.error();
        }
        users.of_others = *range;
    }
    if (!users.of_others) {
        const std::string name = config.task_user().empty() ? "nobody" : config.task_user();
        const auto shared = account(name, "task_user");
        if (!shared) {
            return shared.error();
        }
        users.shared = *shared;
    }
    for (const auto& [tenant, name] : config.tenant_users()) {
        const auto user = account(name, "tenant_users." + tenant);
        if (!user) {
            return user.error();
        }
        if (user->owner->uid == 0) {
            return Error{ErrorCode::InvalidArgument,
                         "tenant_users." + tenant + ": " + quote(name) +
                             " is root, whom nothing keeps from the machine; name another"};
        }
        users.of_tenants[tenant] = *user;
    }
    return users;
}

Result<TaskUser> user_of(const TaskUsers& users, const v1::Launch& launch) {
    const auto named = users.of_tenants.find(launch.tenant());
    if (named != users.of_tenants.end()) {
        return named->second;
    }
    if (!users.of_others) {
        return users.shared;
    }
    const auto number = static_cast<std::int64_t>(launch.tenant_id());
    if (number <= 0) {
        return Error{ErrorCode::FailedPrecondition,
                     "the scheduler does not tell the number of the tenant " +
                         quote(launch.tenant()) +
                         ", by which its user is known: it is older than this agent"};
    }
    if (number >= users.of_others->count) {
        return Error{ErrorCode::FailedPrecondition,
                     "the tenant " + quote(launch.tenant()) + " has number " +
                         std::to_string(number) + ", and this node has users for numbers below " +
                         std::to_string(users.of_others->count) +
                         "; raise tenant_uids.count on every node"};
    }
    const auto uid = static_cast<uid_t>(users.of_others->first + number);
    return TaskUser{.name = "gusu-" + std::to_string(number),
                    .owner = Owner{.uid = uid, .gid = uid},
                    .has_account = false};
}

std::string task_user_label(const TaskUsers& users) {
    return users.of_others ? "tenant" : "shared";
}

}  // namespace gusu::agent
