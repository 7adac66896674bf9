#include "agent/container/output_copy.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

// The innermost mount that the path is in; nullptr: it is the image's.
const Mount* mount_of(const ContainerOrder& order, const std::string& path) {
    const Mount* best = nullptr;
    for (const Mount& mount : order.mounts) {
        const bool is_in = path.starts_with(mount.target + "/");
        if (is_in && (best == nullptr || mount.target.size() > best->target.size())) {
            best = &mount;
        }
    }
    return best;
}

std::string folders_of(const ContainerOrder& order) {
    std::string text;
    for (const Mount& mount : order.mounts) {
        if (!mount.read_only) {
            text += (text.empty() ? "" : ", ") + mount.target;
        }
    }
    return text;
}

// Also where links lead is to be within the mount: what is elsewhere on the node is not what the
// container sees there.
Descriptor open_beneath(const Mount& mount, const std::string& rest) {
    const Descriptor folder(::open(mount.source.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    open_how how = {};
    // Not blocking: a pipe that nobody reads must not hold up the task.
    how.flags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    how.mode = 0644;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    return Descriptor(
        static_cast<int>(::syscall(SYS_openat2, folder.get(), rest.c_str(), &how, sizeof how)));
}

Descriptor open_as_user(const ContainerOrder& order, const Mount& mount, const std::string& rest) {
    const bool is_root = ::geteuid() == 0;
    if (is_root && ::setgroups(0, nullptr) != 0) {
        return {};
    }
    ::setfsgid(static_cast<gid_t>(order.gid));
    ::setfsuid(static_cast<uid_t>(order.uid));
    Descriptor file = open_beneath(mount, rest);
    const int cause = errno;
    ::setfsuid(::geteuid());
    ::setfsgid(::getegid());
    errno = cause;
    return file;
}

}  // namespace

Result<Descriptor> open_output_copy(const ContainerOrder& order, const std::string& path) {
    if (path.empty() || path == "/dev/null") {
        return Descriptor();
    }
    const std::string whole = (fs::path(order.workdir) / path).lexically_normal().string();
    const Mount* const mount = mount_of(order, whole);
    if (mount == nullptr) {
        return Error{ErrorCode::FailedPrecondition,
                     "the output file " + quote(whole) +
                         " would be lost with the container; name one below " + folders_of(order)};
    }
    if (mount->read_only) {
        return Error{ErrorCode::FailedPrecondition, "the output file " + quote(whole) + " is in " +
                                                        mount->target +
                                                        ", which containers may only read"};
    }
    Descriptor file = open_as_user(order, *mount, whole.substr(mount->target.size() + 1));
    struct stat found = {};
    if (!file.open() || ::fstat(file.get(), &found) != 0) {
        return Error{
            ErrorCode::FailedPrecondition,
            "the output file " + quote(whole) + " cannot be opened: " + std::strerror(errno)};
    }
    if (!S_ISREG(found.st_mode)) {
        return Error{ErrorCode::FailedPrecondition,
                     "the output file " + quote(whole) + " is no regular file"};
    }
    return file;
}

}  // namespace gusu::agent
