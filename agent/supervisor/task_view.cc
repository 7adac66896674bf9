#include "agent/supervisor/task_view.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agent/supervisor/descriptor.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

// What anybody may write to on Debian. TMPDIR is the scratch, so these hold little.
constexpr const char* kPrivate[] = {"/tmp", "/var/tmp", "/run/lock", "/dev/shm"};

struct Kept {
    std::string path;
    Descriptor tree;
};

std::string failed(const std::string& what, const std::string& path) {
    return "the task cannot be walled in: " + what + " " + quote(path) + ": " +
           std::strerror(errno);
}

bool is_below(const std::string& path, const std::string& folder) {
    return path.starts_with(folder + "/");
}

// A link leads to where another one may stand.
bool is_folder(const std::string& path) {
    struct stat found = {};
    return lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

std::vector<std::string> those_there(std::vector<std::string> folders) {
    std::erase_if(folders, [](const std::string& folder) { return !is_folder(folder); });
    return folders;
}

bool is_below_any(const std::string& path, const std::vector<std::string>& folders) {
    return std::ranges::any_of(folders,
                               [&](const std::string& folder) { return is_below(path, folder); });
}

std::string keep(const std::string& path, const Descriptor& folder, std::vector<Kept>& kept) {
    Descriptor tree(open_tree(folder.get(), "",
                              AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
    if (!tree.open()) {
        return failed("cannot keep", path);
    }
    kept.push_back({.path = path, .tree = std::move(tree)});
    return "";
}

// Opened with the task's rights: a link in the path must lead to nothing that it may not see. One
// that cannot be entered is left to whoever enters it later, and says so.
std::string keep_workdir(const TaskView& view, std::vector<Kept>& kept) {
    if (view.person.has_value()) {
        if (const std::string reason = take_file_rights(*view.person); !reason.empty()) {
            return reason;
        }
    }
    const Descriptor folder(open(view.workdir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    take_back_file_rights();
    return folder.open() ? keep(view.workdir, folder, kept) : "";
}

std::string keep_named(const TaskView& view, const std::vector<std::string>& covered,
                       std::vector<Kept>& kept) {
    for (const std::string& path : view.kept) {
        if (!is_below_any(path, covered)) {
            continue;
        }
        const Descriptor folder(open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!folder.open()) {
            return failed("cannot open", path);
        }
        if (std::string reason = keep(path, folder, kept); !reason.empty()) {
            return reason;
        }
    }
    return "";
}

std::string mount_new(const char* type, const std::string& path, unsigned long flags,
                      const std::string& options) {
    return mount(type, path.c_str(), type, flags, options.c_str()) == 0
               ? ""
               : failed("cannot mount a new " + std::string(type) + " on", path);
}

std::string cover(const std::vector<std::string>& folders, const std::string& options) {
    for (const std::string& folder : folders) {
        if (std::string reason = mount_new("tmpfs", folder, MS_NOSUID | MS_NODEV, options);
            !reason.empty()) {
            return reason;
        }
    }
    return "";
}

// Folders before those in them.
std::string put_back(std::vector<Kept> kept) {
    std::ranges::sort(kept, {}, &Kept::path);
    for (const Kept& one : kept) {
        for (std::size_t end = one.path.find('/', 1); end != std::string::npos;
             end = one.path.find('/', end + 1)) {
            mkdir(one.path.substr(0, end).c_str(), 0755);
        }
        mkdir(one.path.c_str(), 0755);
        if (move_mount(one.tree.get(), "", AT_FDCWD, one.path.c_str(), MOVE_MOUNT_F_EMPTY_PATH) !=
            0) {
            return failed("cannot keep", one.path);
        }
    }
    return "";
}

std::string make_private_folders(const TaskView& view) {
    const std::vector<std::string> folders =
        those_there({std::begin(kPrivate), std::end(kPrivate)});
    std::vector<Kept> kept;
    std::string reason = keep_named(view, folders, kept);
    const bool is_named = std::ranges::find(view.kept, view.workdir) != view.kept.end();
    if (reason.empty() && !is_named && is_below_any(view.workdir, folders)) {
        reason = keep_workdir(view, kept);
    }
    if (reason.empty()) {
        const std::string most = view.memory > 0 ? ",size=" + std::to_string(view.memory) : "";
        reason = cover(folders, "mode=1777" + most);
    }
    return reason.empty() ? put_back(std::move(kept)) : reason;
}

// After the others, for the working directory may have brought one of these along.
std::string hide_folders(const TaskView& view) {
    const std::vector<std::string> folders = those_there(view.hidden);
    std::vector<Kept> kept;
    std::string reason = keep_named(view, folders, kept);
    if (reason.empty()) {
        reason = cover(folders, "mode=0711,size=64k");
    }
    return reason.empty() ? put_back(std::move(kept)) : reason;
}

std::string bind(const std::string& from, const std::string& to) {
    return mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) == 0
               ? ""
               : failed("cannot put " + quote(from) + " on", to);
}

// Terminals of its own, numbered from 0.
std::string make_terminals() {
    if (!is_folder("/dev/pts")) {
        return "";
    }
    const std::string reason = mount_new("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
                                         "newinstance,ptmxmode=0666,mode=0620,gid=5");
    return reason.empty() ? bind("/dev/pts/ptmx", "/dev/ptmx") : reason;
}

std::string show_own_kernel_objects(const Cgroup* cgroup) {
    std::string reason = mount_new("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
    if (reason.empty() && is_folder("/dev/mqueue")) {
        reason = mount_new("mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
    }
    if (reason.empty()) {
        reason = make_terminals();
    }
    if (cgroup == nullptr) {
        return reason;
    }
    for (const CgroupView& group : cgroup->views()) {
        if (reason.empty()) {
            reason = group.own.empty() ? mount_new("tmpfs", group.mounted, MS_RDONLY, "size=4k")
                                       : bind(group.own, group.mounted);
        }
    }
    return reason;
}

}  // namespace

std::string enter_view(const TaskView& view) {
    if (unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWCGROUP) != 0) {
        return failed("cannot leave the machine's namespaces of", "files and IPC");
    }
    // What is mounted on the machine later comes here too, as storage does; nothing goes back.
    if (mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) != 0) {
        return failed("cannot part from the mounts of", "/");
    }
    // First, as the file may be where the view then has something else.
    std::string reason = view.accounts.empty() ? "" : bind(view.accounts, "/etc/passwd");
    if (reason.empty()) {
        reason = make_private_folders(view);
    }
    if (reason.empty()) {
        reason = hide_folders(view);
    }
    return reason.empty() ? show_own_kernel_objects(view.cgroup) : reason;
}

}  // namespace gusu::agent
