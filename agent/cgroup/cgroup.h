// The control group of one task: what holds its limits, finds its processes and ends them, under
// version 1, version 2 and both together.
//
// A group is made only in the hierarchies it needs: version 2 (else the freezer) to know the
// processes, and of version 1 those that a limit or the device filter asks for. Each costs time at
// start and end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "agent/cgroup/device_filter.h"
#include "agent/cgroup/layout.h"
#include "scheduler/base/result.h"
#include "scheduler/base/time.h"

namespace gusu::agent {

struct CgroupLimits {
    std::int64_t milli_cpus = 0;  // 0: none
    std::int64_t memory = 0;      // bytes; 0: none
    std::int64_t processes = 0;   // and threads; 0: none
    DeviceFilter devices = {};
};

// Of one hierarchy: where it is seen, and the group's own directory ("": it has none there).
struct CgroupView {
    std::string mounted;
    std::string own;
};

class Cgroup {
public:
    // `name` is relative to the base of each hierarchy, like "gusu/NODE/17.0". A limit that cannot
    // be set stands in notes() and is no error; without any hierarchy to write to it is one, and so
    // it is where the device filter cannot be set.
    static Result<Cgroup> create(const CgroupLayout& layout, const std::string& name,
                                 const CgroupLimits& limits);

    // Moves the calling process in, which must have one thread. Cheaper than add(): the kernel
    // then takes no lock that all processes share.
    Status enter() const;
    // Moves another process in, with all its threads.
    Status add(pid_t pid) const;
    // The version 2 directory for clone3(CLONE_INTO_CGROUP); "" without version 2. A process that
    // is born there still has to enter() for the rest.
    std::string birthplace() const;

    std::vector<pid_t> pids() const;
    // SIGKILL to every process. One that forks meanwhile may leave a child where the kernel has
    // neither cgroup.kill nor a freezer, so repeat until pids() is empty.
    void kill_all() const;
    // True once the kernel has killed a process of this group for its memory limit.
    bool oom_killed() const;
    // And the groups above it that thereby become empty, below the base. Unavailable while a
    // process is in it: it takes the kernel a moment to forget the dead.
    Status remove() const;

    // Of every hierarchy of the machine.
    std::vector<CgroupView> views() const;

    const std::vector<std::string>& notes() const { return notes_; }

private:
    struct Part {
        CgroupHierarchy hierarchy;
        std::string directory;
    };

    void make_part(const CgroupHierarchy& hierarchy);
    void set_limits(const CgroupLimits& limits);
    Status set_device_filter(const DeviceFilter& filter) const;
    void set(const std::string& path, const std::string& text);
    const Part* part_with(const std::string& controller) const;

    std::string name_;
    std::vector<std::string> mounted_;  // where each hierarchy is
    std::vector<Part> parts_;           // the first is the one that knows the processes
    std::vector<std::string> notes_;
};

// The files of a group that is there already, in every hierarchy that has it: a process with one
// thread that writes "0" to each is in the group.
std::vector<std::string> cgroup_entrances(const CgroupLayout& layout, const std::string& name);
// The same of the groups that a process is in, by the text of its /proc/PID/cgroup: those that are
// below a group `name`, wherever somebody else has made it.
std::vector<std::string> cgroup_entrances(const CgroupLayout& layout, const std::string& name,
                                          const std::string& own_groups);

// Kills what is in `prefix` and below it, in every hierarchy, and removes the groups, with the
// empty ones above. For what an earlier agent or a killed supervisor left behind. Waits at most
// `patience`.
Status remove_cgroups_below(const CgroupLayout& layout, const std::string& prefix,
                            Duration patience);

// The names ("gusu/NODE/17.0") of the groups directly below `prefix`, sorted, each once.
std::vector<std::string> cgroups_below(const CgroupLayout& layout, const std::string& prefix);

}  // namespace gusu::agent
