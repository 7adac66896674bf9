// Which control group hierarchies this process sees, and where in them it may make groups.
//
// Groups are made below the group that the process itself is in: what it was given (by systemd, a
// container, another scheduler) then holds for its tasks too. A process in the leaf kAgentLeaf
// makes them beside the leaf, for version 2 gives no controllers to the children of a group that
// has processes.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/base/result.h"

namespace gusu::agent {

inline constexpr std::string_view kAgentLeaf = "gusu-agent";

enum class CgroupVersion { V1, V2 };

struct CgroupHierarchy {
    CgroupVersion version = CgroupVersion::V2;
    std::string base;  // the directory below which groups are made
    std::set<std::string> controllers;
    std::string mounted = {};  // where all of it is seen

    friend bool operator==(const CgroupHierarchy&, const CgroupHierarchy&) = default;
};

// Version 1, version 2 or both (hybrid). Hierarchies without controllers of version 1 ("name=...")
// are left out.
struct CgroupLayout {
    std::vector<CgroupHierarchy> hierarchies;

    friend bool operator==(const CgroupLayout&, const CgroupLayout&) = default;
};

// From the texts of /proc/self/mountinfo and /proc/self/cgroup. The controllers of version 2 stand
// in neither, so they come out empty.
CgroupLayout parse_cgroup_layout(std::string_view mountinfo, std::string_view own_groups);

// Of this process, with the controllers of version 2.
CgroupLayout current_cgroup_layout();

// Moves the calling process into the version 2 leaf kAgentLeaf, so that limits can be set beside
// it. For a process that is alone in its group, which is what a service with Delegate=yes is.
// Does nothing where version 2 has no controllers.
Status enter_agent_leaf(const CgroupLayout& layout);

}  // namespace gusu::agent
