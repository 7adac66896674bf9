#include "agent/daemon/node_settings.h"

#include <google/protobuf/util/time_util.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "agent/cgroup/cgroup.h"
#include "agent/daemon/container_task.h"
#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

Duration to_duration(const google::protobuf::Duration& duration) {
    return Duration(google::protobuf::util::TimeUtil::DurationToMilliseconds(duration));
}

// Half of what the machine has is left to the others.
std::int64_t task_processes(const config::v1::AgentConfig& config) {
    const auto text = read_file("/proc/sys/kernel/pid_max");
    const std::int64_t most = text ? std::strtoll(text->c_str(), nullptr, 10) / 2 : 0;
    return most > 0 ? std::min(most, config.task_processes()) : config.task_processes();
}

// Without a hierarchy that may be written to, tasks run without groups.
CgroupLayout usable_cgroups() {
    CgroupLayout layout = current_cgroup_layout();
    if (const Status entered = enter_agent_leaf(layout); !entered) {
        spdlog::warn("no leaf group for the agent reason={}", entered.error().message);
    }
    std::erase_if(layout.hierarchies, [](const CgroupHierarchy& hierarchy) {
        return ::access(hierarchy.base.c_str(), W_OK) != 0;
    });
    if (layout.hierarchies.empty()) {
        spdlog::warn(
            "tasks have no limits: no control group may be made; run the agent as root, or "
            "as a service with Delegate=yes");
    }
    return layout;
}

}  // namespace

Result<NodeSettings> make_settings(const config::v1::AgentConfig& config) {
    std::error_code failure;
    NodeSettings settings;
    settings.node = config.node();
    settings.state_dir = fs::weakly_canonical(config.state_dir(), failure);
    settings.supervisor =
        fs::read_symlink("/proc/self/exe", failure).parent_path() / "gusu-supervisor";
    if (::access(settings.supervisor.c_str(), X_OK) != 0) {
        return system_error("gusu-supervisor stands beside gusu-agent; cannot run",
                            settings.supervisor);
    }
    settings.checkpoint_root = config.checkpoint_root();
    settings.log_limit = config.log_limit();
    settings.task_devices.assign(config.task_devices().begin(), config.task_devices().end());
    settings.keep_logs_for = to_duration(config.keep_logs_for());
    settings.keep_scratch_for = to_duration(config.keep_scratch_for());
    settings.task_processes = task_processes(config);
    auto users = find_task_users(config);
    if (!users) {
        return users.error();
    }
    settings.users = std::move(*users);
    settings.task_owner = settings.users.shared.owner;
    auto containers = container_settings(config);
    if (!containers) {
        return containers.error();
    }
    settings.containers = std::move(*containers);
    settings.cgroups = usable_cgroups();
    return settings;
}

}  // namespace gusu::agent
