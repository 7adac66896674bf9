#include "agent/enter/site.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "agent/cgroup/cgroup.h"
#include "agent/cgroup/cgroup_files.h"
#include "agent/container/order.h"
#include "agent/supervisor/descendants.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

std::string proc_file(pid_t pid, const std::string& name) {
    return cgroup_files::read("/proc/" + std::to_string(pid) + "/" + name);
}

std::string proc_link(pid_t pid, const std::string& name) {
    std::error_code failure;
    return fs::read_symlink("/proc/" + std::to_string(pid) + "/" + name, failure).string();
}

Descriptor pidfd_of(pid_t pid) {
    return Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

// 0 if it is over.
pid_t number_of(const Descriptor& process) {
    std::istringstream words(
        cgroup_files::read("/proc/self/fdinfo/" + std::to_string(process.get())));
    for (std::string word; words >> word;) {
        if (word == "Pid:") {
            pid_t number = 0;
            words >> number;
            return std::max(number, 0);
        }
    }
    return 0;
}

Error does_not_run(const std::string& what) {
    return {ErrorCode::FailedPrecondition,
            what + " does not run yet, or not any more; try again in a moment"};
}

// The child of the supervisor that has a view of its own.
Result<Descriptor> own_program(pid_t supervisor) {
    const std::string outside = proc_link(supervisor, "ns/mnt");
    for (const pid_t child : children_of(supervisor)) {
        const std::string view = proc_link(child, "ns/mnt");
        if (view.empty() || view == outside) {
            continue;
        }
        Descriptor process = pidfd_of(child);
        // Asked again while it is held, for the number may have gone to another in between.
        const std::vector<pid_t> now = children_of(supervisor);
        if (process.open() && std::ranges::find(now, child) != now.end()) {
            return process;
        }
    }
    return does_not_run("the task's own program");
}

Result<Site> site_of_program(const SupervisorOrder& order, const Descriptor& supervisor) {
    Site site;
    if (order.walled) {
        auto program = own_program(number_of(supervisor));
        if (!program) {
            return program.error();
        }
        site.process = std::move(*program);
        site.namespaces = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWCGROUP;
        site.guard = order.alone_in_job ? Guard::SystemCallsAndSockets : Guard::SystemCalls;
    }
    auto person = find_person(order);
    if (!person) {
        return person.error();
    }
    site.person = std::move(*person);
    if (!order.cgroup.empty()) {
        site.entrances = cgroup_entrances(current_cgroup_layout(), order.cgroup);
    }
    // A task may run without a group where none can be made, but not without its device filter.
    if (site.entrances.empty() && !order.device_filter.empty()) {
        return does_not_run("the task, which has no control group,");
    }
    site.environment = order.environment;
    site.workdir = order.workdir;
    return site;
}

// The process that is the first of a process namespace right below ours.
bool is_first_of_its_namespace(pid_t pid) {
    std::istringstream lines(proc_file(pid, "status"));
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("NSpid:")) {
            std::istringstream numbers(line.substr(6));
            pid_t here = 0;
            pid_t there = 0;
            return numbers >> here >> there && there == 1;
        }
    }
    return false;
}

Result<pid_t> container_program(const CgroupLayout& layout, const std::string& group) {
    for (const CgroupHierarchy& hierarchy : layout.hierarchies) {
        for (const pid_t pid : cgroup_files::pids_below(hierarchy.base + "/" + group)) {
            if (is_first_of_its_namespace(pid)) {
                return pid;
            }
        }
    }
    return does_not_run("the container");
}

// Of the container's program, with what its image adds.
std::map<std::string, std::string> environment_of(pid_t pid) {
    std::map<std::string, std::string> environment;
    std::istringstream texts(proc_file(pid, "environ"));
    for (std::string text; std::getline(texts, text, '\0');) {
        const std::size_t equals = text.find('=');
        if (equals != std::string::npos && equals > 0) {
            environment[text.substr(0, equals)] = text.substr(equals + 1);
        }
    }
    return environment;
}

Result<Site> site_of_container(const fs::path& task, const SupervisorOrder& order) {
    const auto container = read_container_order(task);
    const CgroupLayout layout = current_cgroup_layout();
    const auto program = container_program(layout, order.container_group);
    if (!container || !program) {
        return container ? program.error() : container.error();
    }
    Site site;
    site.process = pidfd_of(*program);
    site.namespaces = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
    site.environment = environment_of(*program);
    site.workdir = proc_link(*program, "cwd");
    site.entrances = cgroup_entrances(layout, order.container_group, proc_file(*program, "cgroup"));
    // Looked at while it is held, so all of this is of the container.
    if (!site.process.open() || site.entrances.empty() || !is_first_of_its_namespace(*program)) {
        return does_not_run("the container");
    }
    site.person = Person{.name = "",
                         .uid = static_cast<uid_t>(container->uid),
                         .gid = static_cast<gid_t>(container->gid)};
    site.guard = Guard::SystemCalls;
    return site;
}

}  // namespace

Result<Site> find_site(const fs::path& task, const Descriptor& supervisor) {
    const auto order = read_order(task);
    if (!order) {
        return order.error();
    }
    return order->container_group.empty() ? site_of_program(*order, supervisor)
                                          : site_of_container(task, *order);
}

}  // namespace gusu::agent
