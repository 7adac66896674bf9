#include "agent/supervisor/descendants.h"

#include <sstream>
#include <string>

#include "agent/cgroup/cgroup_files.h"

namespace gusu::agent {

std::vector<pid_t> children_of(pid_t pid) {
    const std::string id = std::to_string(pid);
    std::vector<pid_t> children;
    std::istringstream list(cgroup_files::read("/proc/" + id + "/task/" + id + "/children"));
    for (pid_t child = 0; list >> child;) {
        children.push_back(child);
    }
    return children;
}

std::vector<pid_t> descendants_of(pid_t pid) {
    std::vector<pid_t> found = children_of(pid);
    for (std::size_t i = 0; i < found.size(); ++i) {
        const std::vector<pid_t> more = children_of(found[i]);
        found.insert(found.end(), more.begin(), more.end());
    }
    return found;
}

}  // namespace gusu::agent
