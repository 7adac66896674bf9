#include "agent/supervisor/container_end.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

#include "agent/cgroup/cgroup.h"
#include "agent/container/order.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

// Folders below others first. Groups have no other folders in them than groups.
void remove_groups(const fs::path& top) {
    std::error_code failure;
    std::vector<fs::path> folders{top};
    for (auto each = fs::recursive_directory_iterator(top, failure);
         !failure && each != fs::recursive_directory_iterator(); each.increment(failure)) {
        if (each->is_directory(failure)) {
            folders.push_back(each->path());
        }
    }
    std::for_each(folders.rbegin(), folders.rend(),
                  [](const fs::path& folder) { ::rmdir(folder.c_str()); });
}

// Where groups are made in a hierarchy, from its root: podman was told the same for all of them.
fs::path place_of_groups(const CgroupLayout& layout) {
    if (layout.hierarchies.empty()) {
        return {};
    }
    const std::string base = layout.hierarchies.front().base + "/";
    const std::size_t end = base.find('/', std::string("/sys/fs/cgroup/").size());
    return end == std::string::npos ? "" : base.substr(end + 1);
}

// And the groups above that thereby become empty, below `root`.
void remove_box(const fs::path& box, const fs::path& root) {
    std::error_code failure;
    if (!fs::is_directory(box, failure)) {
        return;
    }
    remove_groups(box);
    fs::path empty = box.parent_path();
    while (empty != root && ::rmdir(empty.c_str()) == 0) {
        empty = empty.parent_path();
    }
}

}  // namespace

bool speaks_for_container(const fs::path& directory) {
    std::error_code failure;
    return fs::exists(directory / kContainerOrder, failure);
}

std::optional<Duration> container_started(const fs::path& directory) {
    std::ifstream file(directory / kStarted);
    std::int64_t milliseconds = 0;
    return file >> milliseconds ? std::optional(Duration(milliseconds)) : std::nullopt;
}

void end_container_groups(const std::string& group, std::chrono::milliseconds patience) {
    const CgroupLayout layout = current_cgroup_layout();
    (void)remove_cgroups_below(layout, group + "/box", Duration(patience));
    const fs::path below = place_of_groups(layout);
    std::error_code failure;
    for (const auto& hierarchy : fs::directory_iterator("/sys/fs/cgroup", failure)) {
        remove_box(hierarchy.path() / below / group / "box", hierarchy.path());
    }
}

void take_container_notes(const fs::path& directory, ExitRecord& record) {
    std::error_code failure;
    if (std::ifstream error(directory / kContainerError); error) {
        record.launch_error.assign(std::istreambuf_iterator<char>(error), {});
        record.exit_code = 0;
    }
    record.out_of_memory |= fs::exists(directory / kContainerOutOfMemory, failure);
}

}  // namespace gusu::agent
