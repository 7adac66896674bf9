#include "agent/daemon/container_task.h"

#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <thread>
#include <utility>

#include "agent/container/engine.h"
#include "agent/daemon/task_users.h"
#include "agent/supervisor/container_end.h"
#include "scheduler/base/log.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSocket = "/run/podman/podman.sock";
constexpr const char* kGpus = "nvidia.com/gpu={uuid}";
constexpr mode_t kPrivate = 0600;
constexpr std::chrono::milliseconds kGroupPatience{5'000};

// "/data", "/data:ro", "/srv/data:/data:ro"
std::optional<Mount> parse_mount(const std::string& text) {
    std::vector<std::string> parts;
    std::istringstream rest(text);
    for (std::string part; std::getline(rest, part, ':');) {
        parts.push_back(part);
    }
    Mount mount;
    if (parts.size() > 1 && (parts.back() == "ro" || parts.back() == "rw")) {
        mount.read_only = parts.back() == "ro";
        parts.pop_back();
    }
    const bool right = !parts.empty() && parts.size() <= 2 &&
                       std::ranges::all_of(parts, [](const std::string& part) {
                           return part.starts_with('/') && part.find("..") == std::string::npos;
                       });
    if (!right) {
        return std::nullopt;
    }
    mount.source = parts.front();
    mount.target = parts.back();
    return mount;
}

std::string container_name(const NodeSettings& settings, const std::string& task) {
    return "gusu-" + settings.node + "-" + task;
}

// podman wants the path from the root of the hierarchy, and the same in all of them.
std::string path_in_hierarchy(const NodeSettings& settings, const std::string& group) {
    const CgroupHierarchy& first = settings.cgroups.hierarchies.front();
    fs::path path = fs::path(first.base).lexically_relative("/sys/fs/cgroup");
    const bool is_alone =
        first.version == CgroupVersion::V2 && fs::exists("/sys/fs/cgroup/cgroup.controllers");
    if (!is_alone) {
        fs::path below;
        std::for_each(std::next(path.begin()), path.end(),
                      [&](const fs::path& part) { below /= part; });
        path = below;
    }
    return (fs::path("/") / path / group).lexically_normal().string();
}

// Of the node and within the mounts: what is elsewhere is the image's.
bool is_mounted(const std::vector<Mount>& mounts, const std::string& folder) {
    return std::ranges::any_of(mounts, [&](const Mount& mount) {
        return folder == mount.target || folder.starts_with(mount.target + "/");
    });
}

std::string with_uuid(std::string pattern, const std::string& uuid) {
    constexpr std::string_view kUuid = "{uuid}";
    const std::size_t at = pattern.find(kUuid);
    return at == std::string::npos ? pattern : pattern.replace(at, kUuid.size(), uuid);
}

std::vector<std::string> devices_of(const NodeSettings& settings, const v1::Launch& launch,
                                    const DeviceGrant& grant) {
    std::vector<std::string> devices = grant.files;
    for (const int index : launch.devices()) {
        const auto found = std::ranges::find(settings.devices, index, &v1::Device::index);
        const bool is_gpu = settings.device_files.contains(index);
        if (found != settings.devices.end() && is_gpu && !found->simulated()) {
            devices.push_back(with_uuid(settings.containers->gpus, found->uuid()));
        }
    }
    return devices;
}

// A supervisor that was killed left them.
void end_groups(const std::string& group) {
    if (!group.empty()) {
        end_container_groups(group, kGroupPatience);
    }
}

}  // namespace

Result<std::optional<ContainerSettings>> container_settings(const config::v1::AgentConfig& config) {
    if (!config.has_containers()) {
        return std::optional<ContainerSettings>();
    }
    const config::v1::Containers& given = config.containers();
    if (::geteuid() != 0) {
        return Error{
            ErrorCode::NotAllowed,
            "containers: the agent must be root to give each its user; leave it out, or run "
            "the agent as root"};
    }
    ContainerSettings settings{.socket = given.socket().empty() ? kSocket : given.socket(),
                               .mounts = {},
                               .gpus = given.gpus().empty() ? kGpus : given.gpus()};
    for (const std::string& text : given.mounts()) {
        auto mount = parse_mount(text);
        if (!mount) {
            return Error{ErrorCode::InvalidArgument,
                         "containers.mounts: " + quote(text) +
                             " is no mount; write /data, /data:ro or /srv/data:/data:ro"};
        }
        settings.mounts.push_back(std::move(*mount));
    }
    return std::optional(std::move(settings));
}

Status try_containers(const ContainerSettings& containers) {
    const auto engine = find_engine(containers.socket);
    return engine ? Status(Done{}) : Status(engine.error());
}

Status check_container(const NodeSettings& settings, const v1::Launch& launch) {
    if (!settings.containers) {
        return Error{ErrorCode::FailedPrecondition,
                     "this node runs no containers, and the job asks for the image " +
                         launch.image() + "; set `containers` in its agent.yaml"};
    }
    if (launch.slices() > 0 && settings.slicer != nullptr) {
        return Error{ErrorCode::FailedPrecondition,
                     "a slice of a GPU cannot be had in a container; leave out --image"};
    }
    const auto user = user_of(settings.users, launch);
    if (!user) {
        return user.error();
    }
    return user->owner && user->owner->uid != 0
               ? Status(Done{})
               : Status(Error{ErrorCode::FailedPrecondition,
                              "a container's program may not be root; let tenants have users of "
                              "their own (tenant_uids)"});
}

Status put_into_container(const NodeSettings& settings, const ContainedTask& task,
                          SupervisorOrder& order) {
    const auto& [key, launch, grant] = task;
    const auto user = user_of(settings.users, launch);
    ContainerOrder inside;
    inside.socket = settings.containers->socket;
    inside.name = container_name(settings, to_text(key));
    inside.node = settings.node;
    inside.image = launch.image();
    inside.command = order.command;
    inside.environment = order.environment;
    for (const char* const of_the_node : {"PATH", "SHELL"}) {
        inside.environment.erase(of_the_node);
    }
    inside.uid = user->owner->uid;
    inside.gid = user->owner->gid;
    inside.mounts = settings.containers->mounts;
    for (const std::string& own : {settings.scratch(key).string(), order.checkpoints}) {
        inside.mounts.push_back({.source = own, .target = own});
    }
    inside.workdir = order.workdir;
    if (fs::exists(order.workdir) && !is_mounted(inside.mounts, order.workdir)) {
        return Error{ErrorCode::FailedPrecondition,
                     "the working directory " + order.workdir +
                         " is not seen in containers on this node; name one that is, have it added "
                         "to containers.mounts, or leave out --workdir"};
    }
    inside.output = std::exchange(order.output_copy, "");
    inside.error = std::exchange(order.error_copy, "");
    inside.devices = devices_of(settings, launch, grant);
    inside.milli_cpus = order.milli_cpus;
    inside.memory = order.memory;
    inside.processes = order.processes;
    order.container_group = order.cgroup;
    if (!order.cgroup.empty()) {
        inside.cgroup_parent = path_in_hierarchy(settings, order.cgroup + "/box");
        order.cgroup += "/client";
    }
    // What speaks for it is ours, and needs nothing of what the container gets.
    order.command = {(settings.supervisor.parent_path() / "gusu-container").string(),
                     settings.task(key).string()};
    order.environment = {{"PATH", "/usr/bin:/bin"}};
    order.workdir = "/";
    order.user.clear();
    order.uid = 0;
    order.walled = false;
    order.device_filter.clear();
    order.devices.clear();
    order.milli_cpus = order.memory = order.processes = 0;
    return replace_file(settings.task(key) / kContainerOrder, to_json(inside), kPrivate);
}

void remove_container(const NodeSettings& settings, const TaskKey& key) {
    std::error_code failure;
    if (!settings.containers || !fs::exists(settings.task(key) / kContainerOrder, failure)) {
        return;
    }
    std::thread([socket = settings.containers->socket,
                 name = container_name(settings, to_text(key)), group = settings.cgroup(key)] {
        const auto engine = find_engine(socket);
        const Status removed = engine ? (*engine)->remove(name) : Status(engine.error());
        if (!removed) {
            spdlog::warn("container stays name={} reason={}", name, removed.error().message);
        }
        end_groups(group);
    }).detach();
}

void remove_stray_containers(const NodeSettings& settings, const std::set<std::string>& known) {
    if (!settings.containers) {
        return;
    }
    std::set<std::string> kept;
    for (const std::string& task : known) {
        kept.insert(container_name(settings, task));
    }
    std::thread([socket = settings.containers->socket, node = settings.node,
                 groups = settings.cgroup_prefix(), kept = std::move(kept)] {
        const auto engine = find_engine(socket);
        if (!engine) {
            return;
        }
        const auto names = (*engine)->with_label("gusu.node=" + node);
        for (const std::string& name : names ? *names : std::set<std::string>()) {
            if (!kept.contains(name)) {
                spdlog::warn("stray container name={} removed={}", name,
                             (*engine)->remove(name).ok());
                end_groups(groups + "/" + name.substr(("gusu-" + node + "-").size()));
            }
        }
    }).detach();
}

}  // namespace gusu::agent
