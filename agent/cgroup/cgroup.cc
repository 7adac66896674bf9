#include "agent/cgroup/cgroup.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <sstream>

#include "agent/cgroup/cgroup_files.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

constexpr std::int64_t kCpuPeriod = 100'000;  // microseconds
constexpr std::int64_t kLeastQuota = 1'000;   // what the kernel takes at least

bool is_v2(const CgroupHierarchy& hierarchy) { return hierarchy.version == CgroupVersion::V2; }

Status check_name(const std::string& name) {
    const std::string framed = "/" + name + "/";
    if (name.empty() || framed.find("//") != std::string::npos ||
        framed.find("/../") != std::string::npos || framed.find("/./") != std::string::npos) {
        return Error{ErrorCode::InvalidArgument,
                     "the control group " + quote(name) +
                         " is no name: give a relative path without \"..\", like \"gusu/n1/17.0\""};
    }
    return Done{};
}

bool needed_for_limits(const CgroupHierarchy& hierarchy, const CgroupLimits& limits) {
    return (limits.memory > 0 && hierarchy.controllers.contains("memory")) ||
           (limits.milli_cpus > 0 && hierarchy.controllers.contains("cpu")) ||
           (limits.processes > 0 && hierarchy.controllers.contains("pids")) ||
           (limits.devices.kind == DeviceFilterKind::Controller &&
            hierarchy.controllers.contains("devices"));
}

// Version 2 hands a controller down only where every group above says so.
Status hand_down(const std::string& base, const std::string& name, const std::string& controller) {
    for (std::size_t end = 0; end != std::string::npos; end = name.find('/', end + 1)) {
        const std::string above = end == 0 ? base : base + "/" + name.substr(0, end);
        if (Status done = cgroup_files::write(above + "/cgroup.subtree_control", "+" + controller);
            !done) {
            return done;
        }
    }
    return Done{};
}

// A frozen process cannot fork out of the way.
void freeze(const std::string& directory, const char* state) {
    (void)cgroup_files::write(directory + "/freezer.state", state);
}

void kill_in(const CgroupHierarchy& hierarchy, const std::string& directory) {
    if (is_v2(hierarchy) && cgroup_files::write(directory + "/cgroup.kill", "1").ok()) {
        return;
    }
    const bool freezer = !is_v2(hierarchy) && hierarchy.controllers.contains("freezer");
    if (freezer) {
        freeze(directory, "FROZEN");
    }
    for (const pid_t pid : cgroup_files::pids_below(directory)) {
        kill(pid, SIGKILL);
    }
    if (freezer) {
        freeze(directory, "THAWED");
    }
}

}  // namespace

Result<Cgroup> Cgroup::create(const CgroupLayout& layout, const std::string& name,
                              const CgroupLimits& limits) {
    if (const Status named = check_name(name); !named) {
        return named.error();
    }
    Cgroup group;
    group.name_ = name;
    for (const CgroupHierarchy& hierarchy : layout.hierarchies) {
        group.mounted_.push_back(hierarchy.mounted);
        if (is_v2(hierarchy)) {
            group.make_part(hierarchy);
        }
    }
    for (const char* controller : {"freezer", "pids"}) {
        for (const CgroupHierarchy& hierarchy : layout.hierarchies) {
            if (group.parts_.empty() && hierarchy.controllers.contains(controller)) {
                group.make_part(hierarchy);
            }
        }
    }
    for (const CgroupHierarchy& hierarchy : layout.hierarchies) {
        if (!is_v2(hierarchy) && needed_for_limits(hierarchy, limits)) {
            group.make_part(hierarchy);
        }
    }
    if (group.parts_.empty()) {
        return Error{ErrorCode::Unavailable, group.notes_.empty()
                                                 ? "this machine has no control groups mounted"
                                                 : group.notes_.front()};
    }
    group.set_limits(limits);
    if (const Status set = group.set_device_filter(limits.devices); !set) {
        (void)group.remove();
        return set.error();
    }
    return group;
}

void Cgroup::make_part(const CgroupHierarchy& hierarchy) {
    const bool have = std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) {
        return part.hierarchy.base == hierarchy.base;
    });
    if (have) {
        return;
    }
    if (const Status made = cgroup_files::make_directories(hierarchy.base, name_); !made) {
        notes_.push_back(made.error().message);
        return;
    }
    parts_.push_back({hierarchy, hierarchy.base + "/" + name_});
}

void Cgroup::set(const std::string& path, const std::string& text) {
    if (const Status done = cgroup_files::write(path, text); !done) {
        notes_.push_back("a limit is not kept: " + done.error().message);
    }
}

const Cgroup::Part* Cgroup::part_with(const std::string& controller) const {
    const auto found = std::find_if(parts_.begin(), parts_.end(), [&](const Part& part) {
        return part.hierarchy.controllers.contains(controller);
    });
    return found == parts_.end() ? nullptr : &*found;
}

void Cgroup::set_limits(const CgroupLimits& limits) {
    const auto prepared = [&](const std::string& controller) -> const Part* {
        const Part* part = part_with(controller);
        if (part == nullptr) {
            notes_.push_back("the limit of " + controller + " is not kept: no control group has " +
                             controller);
        } else if (is_v2(part->hierarchy)) {
            const Status handed = hand_down(part->hierarchy.base, name_, controller);
            if (!handed) {
                notes_.push_back("a limit is not kept: " + handed.error().message);
                return nullptr;
            }
        }
        return part;
    };
    if (const Part* cpu = limits.milli_cpus > 0 ? prepared("cpu") : nullptr) {
        const std::int64_t quota = std::max(limits.milli_cpus * kCpuPeriod / 1000, kLeastQuota);
        if (is_v2(cpu->hierarchy)) {
            set(cpu->directory + "/cpu.max",
                std::to_string(quota) + " " + std::to_string(kCpuPeriod));
        } else {
            set(cpu->directory + "/cpu.cfs_period_us", std::to_string(kCpuPeriod));
            set(cpu->directory + "/cpu.cfs_quota_us", std::to_string(quota));
        }
    }
    if (const Part* memory = limits.memory > 0 ? prepared("memory") : nullptr) {
        const std::string bytes = std::to_string(limits.memory);
        if (is_v2(memory->hierarchy)) {
            set(memory->directory + "/memory.max", bytes);
            // Half a training job is of no use: the whole task goes.
            set(memory->directory + "/memory.oom.group", "1");
            (void)cgroup_files::write(memory->directory + "/memory.swap.max", "0");
        } else {
            set(memory->directory + "/memory.limit_in_bytes", bytes);
            (void)cgroup_files::write(memory->directory + "/memory.memsw.limit_in_bytes", bytes);
        }
    }
    if (const Part* pids = limits.processes > 0 ? prepared("pids") : nullptr) {
        set(pids->directory + "/pids.max", std::to_string(limits.processes));
    }
}

Status Cgroup::set_device_filter(const DeviceFilter& filter) const {
    if (filter.kind == DeviceFilterKind::None) {
        return Done{};
    }
    if (filter.kind == DeviceFilterKind::Bpf) {
        return is_v2(parts_.front().hierarchy)
                   ? attach_device_program(parts_.front().directory, filter.allowed)
                   : Status(Error{ErrorCode::Unavailable, "no control group of version 2"});
    }
    const Part* part = part_with("devices");
    return part == nullptr || is_v2(part->hierarchy)
               ? Status(Error{ErrorCode::Unavailable,
                              "no control group of version 1 has the controller devices"})
               : set_devices_controller(part->directory, filter.allowed);
}

Status Cgroup::enter() const {
    for (const Part& part : parts_) {
        // Of a process with one thread, moving the thread moves the process, and "tasks" takes
        // no lock that every fork and exit on the machine waits for.
        const char* file = is_v2(part.hierarchy) ? "/cgroup.procs" : "/tasks";
        if (Status moved = cgroup_files::write(part.directory + file, "0"); !moved) {
            return moved;
        }
    }
    return Done{};
}

Status Cgroup::add(pid_t pid) const {
    for (const Part& part : parts_) {
        const std::string file = part.directory + "/cgroup.procs";
        if (Status moved = cgroup_files::write(file, std::to_string(pid)); !moved) {
            return moved;
        }
    }
    return Done{};
}

std::string Cgroup::birthplace() const {
    return is_v2(parts_.front().hierarchy) ? parts_.front().directory : "";
}

std::vector<CgroupView> Cgroup::views() const {
    std::vector<CgroupView> views;
    for (const std::string& mounted : mounted_) {
        const auto own = std::ranges::find(parts_, mounted,
                                           [](const Part& part) { return part.hierarchy.mounted; });
        views.push_back({.mounted = mounted, .own = own == parts_.end() ? "" : own->directory});
    }
    return views;
}

std::vector<pid_t> Cgroup::pids() const {
    return cgroup_files::pids_below(parts_.front().directory);
}

void Cgroup::kill_all() const { kill_in(parts_.front().hierarchy, parts_.front().directory); }

bool Cgroup::oom_killed() const {
    const Part* memory = part_with("memory");
    if (memory == nullptr) {
        return false;
    }
    const char* file = is_v2(memory->hierarchy) ? "/memory.events" : "/memory.oom_control";
    std::istringstream lines(cgroup_files::read(memory->directory + file));
    std::string name;
    for (std::int64_t count = 0; lines >> name >> count;) {
        if (name == "oom_kill" && count > 0) {
            return true;
        }
    }
    return false;
}

Status Cgroup::remove() const {
    for (const Part& part : parts_) {
        if (!cgroup_files::remove_tree(part.directory)) {
            return Error{ErrorCode::Unavailable,
                         "the control group " + part.directory + " still has processes"};
        }
        cgroup_files::remove_empty_parents(part.hierarchy.base, name_);
    }
    return Done{};
}

std::vector<std::string> cgroup_entrances(const CgroupLayout& layout, const std::string& name) {
    std::vector<std::string> files;
    for (const CgroupHierarchy& hierarchy : layout.hierarchies) {
        const std::string directory = hierarchy.base + "/" + name;
        if (access(directory.c_str(), F_OK) == 0) {
            files.push_back(directory + (is_v2(hierarchy) ? "/cgroup.procs" : "/tasks"));
        }
    }
    return files;
}

std::vector<std::string> cgroup_entrances(const CgroupLayout& layout, const std::string& name,
                                          const std::string& own_groups) {
    std::vector<std::string> files;
    std::istringstream lines(own_groups);
    for (std::string line; std::getline(lines, line);) {
        // "0::/path" of version 2, "4:cpu,cpuacct:/path" of version 1
        const std::size_t first_colon = line.find(':');
        const std::size_t second_colon = line.find(':', first_colon + 1);
        if (second_colon == std::string::npos || line.find("/" + name + "/") == std::string::npos) {
            continue;
        }
        const std::string controllers =
            line.substr(first_colon + 1, second_colon - first_colon - 1);
        const std::string first = controllers.substr(0, controllers.find(','));
        for (const CgroupHierarchy& hierarchy : layout.hierarchies) {
            const bool is_meant =
                is_v2(hierarchy) ? line.starts_with("0:") : hierarchy.controllers.contains(first);
            if (is_meant) {
                files.push_back(hierarchy.mounted + line.substr(second_colon + 1) +
                                (is_v2(hierarchy) ? "/cgroup.procs" : "/tasks"));
            }
        }
    }
    return files;
}

Status remove_cgroups_below(const CgroupLayout& layout, const std::string& prefix,
                            Duration patience) {
    if (Status named = check_name(prefix); !named) {
        return named;
    }
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (const CgroupHierarchy& hierarchy : layout.hierarchies) {
        const std::string directory = hierarchy.base + "/" + prefix;
        while (!cgroup_files::remove_tree(directory)) {
            if (std::chrono::steady_clock::now() > deadline) {
                return Error{ErrorCode::Unavailable,
                             "the control group " + directory +
                                 " still has processes; a process in state D cannot be killed"};
            }
            kill_in(hierarchy, directory);
            poll(nullptr, 0, 1);
        }
        cgroup_files::remove_empty_parents(hierarchy.base, prefix);
    }
    return Done{};
}

std::vector<std::string> cgroups_below(const CgroupLayout& layout, const std::string& prefix) {
    std::set<std::string> names;
    for (const CgroupHierarchy& hierarchy : layout.hierarchies) {
        for (const std::string& child : cgroup_files::children(hierarchy.base + "/" + prefix)) {
            names.insert(child.substr(hierarchy.base.size() + 1));
        }
    }
    return {names.begin(), names.end()};
}

}  // namespace gusu::agent
