// What holds for all tasks of this node while the agent runs.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/cgroup/device_filter.h"
#include "agent/cgroup/layout.h"
#include "agent/container/order.h"
#include "agent/daemon/files.h"
#include "agent/daemon/task.h"
#include "agent/daemon/task_users.h"
#include "gusu/config/v1/agent.pb.h"
#include "gusu/v1/job_service.pb.h"
#include "gusu/v1/node.pb.h"
#include "scheduler/base/time.h"

namespace gusu::agent {

class GpuSlicer;

struct ContainerSettings {
    std::string socket;  // of podman's service
    std::vector<Mount> mounts;
    std::string gpus;  // with {uuid}
};

enum class Wall { None, Full };

struct NodeSettings {
    std::string node;
    std::filesystem::path state_dir;  // absolute, without links
    std::filesystem::path supervisor;
    std::filesystem::path checkpoint_root;
    TaskUsers users;
    std::optional<Owner> task_owner;  // of `users.shared`: whom tasks run as without another
    std::optional<ContainerSettings> containers;  // none: jobs with images cannot run here
    Wall wall = Wall::None;
    std::int64_t task_processes = 0;  // 0: no limit
    std::int64_t log_limit = 0;
    Duration keep_logs_for{0};
    Duration keep_scratch_for{0};
    std::vector<v1::Device> devices;
    std::map<int, std::string> device_files;  // by index, of those that have one
    std::vector<std::string> task_devices;    // files every task may open, with * and ?
    std::shared_ptr<const GpuSlicer> slicer;  // only where GPUs are cut
    CgroupLayout cgroups;                     // without hierarchies: tasks have no groups
    DeviceFilterKind device_filter = DeviceFilterKind::None;

    std::filesystem::path tasks() const { return state_dir / "tasks"; }
    std::filesystem::path scratches() const { return state_dir / "scratch"; }
    // For the supervisors; see agent/supervisor/records.h.
    std::filesystem::path lease_file() const { return state_dir / "lease"; }
    std::filesystem::path logs() const { return state_dir / "logs"; }
    std::filesystem::path task(const TaskKey& key) const { return tasks() / to_text(key); }
    std::filesystem::path scratch(const TaskKey& key) const { return scratches() / to_text(key); }
    // Where the task says that its work is saved; see agent/supervisor/checkpoint_socket.h.
    std::filesystem::path checkpoint_socket(const TaskKey& key) const {
        return scratch(key) / ".checkpoint";
    }
    // Where it asks for programs in other tasks of its job.
    std::filesystem::path step_socket(const TaskKey& key) const { return scratch(key) / ".step"; }
    std::string cgroup_prefix() const { return "gusu/" + node; }
    // "": none
    std::string cgroup(const TaskKey& key) const {
        return cgroups.hierarchies.empty() ? "" : cgroup_prefix() + "/" + to_text(key);
    }
};

// By the configuration and the machine: all but what depends on its devices. Moves the agent into a
// control group of its own.
Result<NodeSettings> make_settings(const config::v1::AgentConfig& config);

// A log as people ask for it: by job, attempt and task.
struct LogName {
    std::uint64_t job_id = 0;
    int attempt = 0;
    int task = 0;

    friend auto operator<=>(const LogName&, const LogName&) = default;
};

// "1042/1.0.out" below `logs`.
std::filesystem::path log_file(const std::filesystem::path& logs, const LogName& name,
                               v1::LogStream stream);

}  // namespace gusu::agent
