#include "agent/daemon/task_files.h"

#include <google/protobuf/util/time_util.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "agent/daemon/container_task.h"
#include "agent/daemon/device/device_filter.h"
#include "agent/daemon/environment.h"
#include "agent/daemon/task_slices.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPrivate = 0700;
// Others may pass through to what is theirs, and see no names.
constexpr mode_t kPassage = 0711;
constexpr const char* kHosts = ".hosts";       // in the scratch
constexpr const char* kAccounts = "accounts";  // in the task's folder

Duration to_duration(const google::protobuf::Duration& duration) {
    return Duration(google::protobuf::util::TimeUtil::DurationToMilliseconds(duration));
}

fs::path checkpoints_of(const NodeSettings& settings, const v1::Launch& launch) {
    return settings.checkpoint_root / launch.job_id_text();
}

Status check_launch(const NodeSettings& settings, const v1::Launch& launch) {
    if (!launch.image().empty()) {
        if (const Status right = check_container(settings, launch); !right) {
            return right;
        }
    } else if (launch.script().empty() && launch.command().empty()) {
        return Error{ErrorCode::InvalidArgument, "the job has neither a command nor a script"};
    }
    if (!launch.script().empty() && !launch.script().starts_with("#!")) {
        return Error{ErrorCode::InvalidArgument,
                     "the script does not begin with \"#!\"; name its interpreter in the first "
                     "line, as #!/bin/bash"};
    }
    if (const auto user = user_of(settings.users, launch); !user) {
        return user.error();
    }
    for (const int index : launch.devices()) {
        if (std::ranges::find(settings.devices, index, &v1::Device::index) ==
            settings.devices.end()) {
            return Error{ErrorCode::FailedPrecondition,
                         "this node has no device " + std::to_string(index) + ", it has " +
                             std::to_string(settings.devices.size())};
        }
        const auto file = settings.device_files.find(index);
        if (settings.device_filter != DeviceFilterKind::None &&
            file != settings.device_files.end()) {
            if (const auto rule = rule_of_file(file->second); !rule) {
                return rule.error();
            }
        }
    }
    return Done{};
}

// Folders of the machine that the wall hides, and what of them the task sees all the same.
void set_wall(const NodeSettings& settings, const TaskKey& key, const v1::Launch& launch,
              SupervisorOrder& order) {
    if (settings.wall == Wall::None) {
        return;
    }
    order.walled = true;
    order.accounts = order.uid > 0 ? (settings.task(key) / kAccounts).string() : "";
    order.alone_in_job = launch.tasks_on_node() <= 1;
    order.hidden = {settings.scratches().string()};
    order.kept = {settings.scratch(key).string(), checkpoints_of(settings, launch).string(),
                  settings.supervisor.parent_path().string()};
}

// Programs ask who their user is, and some end where nobody knows.
Status write_accounts(const SupervisorOrder& order, const std::string& name,
                      const fs::path& scratch) {
    if (order.accounts.empty()) {
        return Done{};
    }
    const auto known = read_file("/etc/passwd");
    if (!known) {
        return known.error();
    }
    const std::string number = std::to_string(order.uid);
    const std::string own =
        name + ":x:" + number + ":" + number + "::" + scratch.string() + ":/bin/sh\n";
    return create_file(order.accounts, *known + (known->ends_with('\n') ? "" : "\n") + own, 0644);
}

// Who the task runs as, and whom it runs with.
Status write_names(const NodeSettings& settings, const TaskKey& key, const v1::Launch& launch,
                   const SupervisorOrder& order) {
    const auto user = user_of(settings.users, launch);
    const fs::path scratch = settings.scratch(key);
    const Status written = write_accounts(order, user->name, scratch);
    return !written || launch.task_count() < 2
               ? written
               : create_file(scratch / kHosts, hosts_text(launch), 0600, user->owner);
}

}  // namespace

fs::path log_file(const fs::path& logs, const LogName& name, v1::LogStream stream) {
    return logs / std::to_string(name.job_id) /
           (std::to_string(name.attempt) + "." + std::to_string(name.task) +
            (stream == v1::LOG_STREAM_ERROR ? ".err" : ".out"));
}

Status make_node_folders(const NodeSettings& settings) {
    const std::pair<fs::path, mode_t> folders[] = {
        {settings.tasks(), kPrivate},
        {settings.logs(), kPrivate},
        {settings.scratches(), kPassage},
    };
    for (const auto& [folder, mode] : folders) {
        if (const Status made = make_folder(folder, mode); !made) {
            return made;
        }
    }
    // It may be storage shared by all nodes, whose mode is not ours to change.
    std::error_code failure;
    return fs::is_directory(settings.checkpoint_root, failure)
               ? Status(Done{})
               : make_folder(settings.checkpoint_root, kPassage);
}

SupervisorOrder order_of(const NodeSettings& settings, const TaskKey& key, const v1::Launch& launch,
                         const DeviceGrant& grant) {
    const auto user = user_of(settings.users, launch);
    check(user.ok(), "who a task runs as is known before its order is made");
    const fs::path scratch = settings.scratch(key);
    const LogName log{.job_id = launch.job_id(), .attempt = launch.attempt(), .task = key.task};
    SupervisorOrder order;
    if (launch.launch_mode() == v1::LAUNCH_MODE_FIRST) {
        order.command = {(settings.supervisor.parent_path() / "gusu-step").string(), "--first",
                         "--"};
    }
    if (!launch.script().empty()) {
        order.command.push_back((scratch / "script").string());
    }
    order.command.insert(order.command.end(), launch.command().begin(), launch.command().end());
    order.environment =
        task_environment(launch,
                         {.rank = key.task,
                          .user = user->name,
                          .scratch = scratch.string(),
                          .checkpoints = checkpoints_of(settings, launch).string(),
                          .checkpoint_socket = settings.checkpoint_socket(key).string(),
                          .programs = settings.supervisor.parent_path().string(),
                          .step_socket = settings.step_socket(key).string(),
                          .hosts = (scratch / kHosts).string()},
                         settings.devices);
    for (const auto& [name, value] : grant.environment) {
        order.environment[name] = value;
    }
    order.checkpoints = checkpoints_of(settings, launch).string();
    order.checkpoint_socket = settings.checkpoint_socket(key).string();
    order.workdir = launch.workdir().empty() ? scratch.string() : launch.workdir();
    order.user = user->owner && user->has_account ? user->name : "";
    order.uid = user->owner && !user->has_account ? user->owner->uid : 0;
    order.processes = settings.task_processes;
    set_wall(settings, key, launch, order);
    order.output_log = log_file(settings.logs(), log, v1::LOG_STREAM_OUTPUT).string();
    if (!launch.error().empty()) {
        order.error_log = log_file(settings.logs(), log, v1::LOG_STREAM_ERROR).string();
    }
    order.output_copy = expand_pattern(launch.output(), launch, key.task);
    order.error_copy = expand_pattern(launch.error(), launch, key.task);
    order.log_limit = settings.log_limit;
    order.time_limit = to_duration(launch.time_limit());
    if (!launch.stop_signal().empty()) {
        order.stop_signal = launch.stop_signal();
    }
    if (launch.has_stop_grace()) {
        order.stop_grace = to_duration(launch.stop_grace());
    }
    order.lease_file = settings.lease_file().string();
    order.cgroup = settings.cgroup(key);
    order.milli_cpus = launch.milli_cpus();
    order.memory = launch.memory();
    if (settings.device_filter != DeviceFilterKind::None) {
        order.device_filter = to_text(settings.device_filter);
        order.devices = allowed_devices(
            settings, {launch.devices().begin(), launch.devices().end()}, grant.files);
    }
    return order;
}

Status prepare_task(const NodeSettings& settings, const TaskKey& key, const v1::Launch& launch,
                    const DeviceGrant& grant) {
    if (const Status right = check_launch(settings, launch); !right) {
        return right;
    }
    for (const std::string& file : grant.files) {
        if (const auto rule = rule_of_file(file); !rule) {
            return rule.error();
        }
    }
    const fs::path logs = settings.logs() / std::to_string(launch.job_id());
    const std::optional<Owner> owner = user_of(settings.users, launch)->owner;
    for (const auto& [folder, owned] :
         {std::pair(settings.task(key), false), std::pair(logs, false),
          std::pair(settings.scratch(key), true),
          std::pair(checkpoints_of(settings, launch), true)}) {
        const Status made = make_folder(folder, kPrivate, owned ? owner : std::nullopt);
        if (!made) {
            return made;
        }
    }
    if (!launch.script().empty()) {
        if (const Status made =
                create_file(settings.scratch(key) / "script", launch.script(), kPrivate, owner);
            !made) {
            return made;
        }
    }
    SupervisorOrder order = order_of(settings, key, launch, grant);
    if (const Status written = write_names(settings, key, launch, order); !written) {
        return written;
    }
    if (!launch.image().empty()) {
        if (const Status put = put_into_container(settings, {key, launch, grant}, order); !put) {
            return put;
        }
    }
    if (const Status given = give_slice(settings, key, launch, order); !given) {
        return given;
    }
    return write_order(settings.task(key), order);
}

}  // namespace gusu::agent
