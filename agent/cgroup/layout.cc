#include "agent/cgroup/layout.h"

#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <sstream>

#include "agent/cgroup/cgroup_files.h"

namespace gusu::agent {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, separator);) {
        parts.push_back(part);
    }
    return parts;
}

// The kernel writes a space in a path as "\040".
std::string unescape(const std::string& text) {
    const auto is_octal = [](char letter) { return letter >= '0' && letter <= '7'; };
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
            is_octal(text[i + 2]) && is_octal(text[i + 3])) {
            plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                       (text[i + 3] - '0'));
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

struct Mount {
    std::string root;
    std::string point;
    std::string type;
    std::vector<std::string> options;  // of the file system
};

bool parse_mount(const std::string& line, Mount& mount) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) {
        return false;
    }
    const std::vector<std::string> before = split(line.substr(0, dash), ' ');
    const std::vector<std::string> after = split(line.substr(dash + 3), ' ');
    if (before.size() < 6 || after.size() < 3) {
        return false;
    }
    mount = {.root = unescape(before[3]),
             .point = unescape(before[4]),
             .type = after[0],
             .options = split(after[2], ',')};
    return true;
}

// Controller (or "" for version 2) -> the group that this process is in.
std::map<std::string, std::string> parse_own_groups(std::string_view text) {
    std::map<std::string, std::string> groups;
    for (const std::string& line : split(std::string(text), '\n')) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) {
            continue;
        }
        const std::string names = line.substr(first + 1, second - first - 1);
        const std::string group = line.substr(second + 1);
        if (names.empty()) {
            groups[""] = group;
        }
        for (const std::string& name : split(names, ',')) {
            groups[name] = group;
        }
    }
    return groups;
}

// A group outside of what is mounted here, as a process in a container may be in, gives the mount
// point itself.
std::string base_of(const Mount& mount, std::string group) {
    const std::string root = mount.root == "/" ? "" : mount.root;
    const bool below = group.starts_with(root + "/") || group == root;
    if (!below || group.starts_with("/..")) {
        return mount.point;
    }
    group.erase(0, root.size());
    if (group.ends_with("/" + std::string(kAgentLeaf))) {
        group.erase(group.size() - kAgentLeaf.size() - 1);
    }
    return group == "/" ? mount.point : mount.point + group;
}

}  // namespace

CgroupLayout parse_cgroup_layout(std::string_view mountinfo, std::string_view own_groups) {
    const std::map<std::string, std::string> groups = parse_own_groups(own_groups);
    CgroupLayout layout;
    std::set<std::string> seen;  // a hierarchy may be mounted twice; the first counts
    for (const std::string& line : split(std::string(mountinfo), '\n')) {
        Mount mount;
        if (!parse_mount(line, mount) || (mount.type != "cgroup" && mount.type != "cgroup2")) {
            continue;
        }
        CgroupHierarchy hierarchy;
        hierarchy.version = mount.type == "cgroup" ? CgroupVersion::V1 : CgroupVersion::V2;
        std::string known_by;
        for (const std::string& option : mount.options) {
            const bool controller = groups.contains(option) && !option.starts_with("name=");
            if (hierarchy.version == CgroupVersion::V1 && controller) {
                hierarchy.controllers.insert(option);
                known_by = option;
            }
        }
        const auto own = groups.find(known_by);
        const bool nameless = hierarchy.version == CgroupVersion::V1 && known_by.empty();
        if (nameless || own == groups.end() || !seen.insert(known_by).second) {
            continue;
        }
        hierarchy.base = base_of(mount, own->second);
        hierarchy.mounted = mount.point;
        layout.hierarchies.push_back(hierarchy);
    }
    return layout;
}

CgroupLayout current_cgroup_layout() {
    CgroupLayout layout = parse_cgroup_layout(cgroup_files::read("/proc/self/mountinfo"),
                                              cgroup_files::read("/proc/self/cgroup"));
    for (CgroupHierarchy& hierarchy : layout.hierarchies) {
        if (hierarchy.version == CgroupVersion::V2) {
            std::istringstream names(cgroup_files::read(hierarchy.base + "/cgroup.controllers"));
            for (std::string name; names >> name;) {
                hierarchy.controllers.insert(name);
            }
        }
    }
    return layout;
}

Status enter_agent_leaf(const CgroupLayout& layout) {
    for (const CgroupHierarchy& hierarchy : layout.hierarchies) {
        if (hierarchy.version == CgroupVersion::V1 || hierarchy.controllers.empty()) {
            continue;
        }
        const std::string leaf = hierarchy.base + "/" + std::string(kAgentLeaf);
        if (Status made = cgroup_files::make_directories(hierarchy.base, std::string(kAgentLeaf));
            !made) {
            return made;
        }
        if (Status moved = cgroup_files::write(leaf + "/cgroup.procs", "0"); !moved) {
            return moved;
        }
    }
    return Done{};
}

}  // namespace gusu::agent
