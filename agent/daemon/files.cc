#include "agent/daemon/files.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "agent/daemon/beneath.h"
#include "scheduler/base/log.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBytes = std::size_t{4} << 20;
// A program that was being spawned when its agent was killed has the lock until it is executed.
constexpr int kLockTries = 20;
constexpr int kLockPauseMilliseconds = 100;

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

Error system_error(const std::string& what, const fs::path& file) {
    const int reason = errno;
    return {reason == ENOENT ? ErrorCode::NotFound : ErrorCode::Internal,
            what + " " + quote(file.string()) + ": " + std::strerror(reason)};
}

Result<std::string> read_file(const fs::path& file) {
    const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.open()) {
        return system_error("cannot open", file);
    }
    std::string content;
    char buffer[16384];
    for (;;) {
        const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return system_error("cannot read", file);
        }
        if (got == 0) {
            return content;
        }
        content.append(buffer, static_cast<std::size_t>(got));
        if (content.size() > kMostBytes) {
            return Error{ErrorCode::InvalidArgument,
                         quote(file.string()) + " is larger than 4 MiB; is it the right file?"};
        }
    }
}

Status replace_file(const fs::path& file, const std::string& content, mode_t mode) {
    const fs::path fresh = file.string() + ".new";
    {
        const Descriptor fd(
            ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
        if (!fd.open() || ::fchmod(fd.get(), mode) != 0 || !write_all(fd.get(), content) ||
            ::fsync(fd.get()) != 0) {
            return system_error("cannot write", fresh);
        }
    }
    if (::rename(fresh.c_str(), file.c_str()) != 0) {
        return system_error("cannot replace", file);
    }
    const Descriptor folder(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.open() || ::fsync(folder.get()) != 0) {
        return system_error("cannot sync the folder of", file);
    }
    return Done{};
}

Status create_file(const fs::path& file, const std::string& content, mode_t mode,
                   const std::optional<Owner>& owner) {
    const Descriptor fd(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd.open() || ::fchmod(fd.get(), mode) != 0 || !write_all(fd.get(), content)) {
        return system_error("cannot write", file);
    }
    // By the descriptor: the name may lead to another file by now.
    if (owner && ::fchown(fd.get(), owner->uid, owner->gid) != 0) {
        return system_error("cannot give away", file);
    }
    return Done{};
}

Status make_folder(const fs::path& folder, mode_t mode, const std::optional<Owner>& owner) {
    if (::mkdir(folder.c_str(), mode) != 0 && errno == ENOENT) {
        std::error_code failure;
        fs::create_directories(folder.parent_path(), failure);
        errno = ::mkdir(folder.c_str(), mode) == 0 ? 0 : errno;
    }
    const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd.open()) {
        return system_error("cannot make the folder", folder);
    }
    if (owner && ::fchown(fd.get(), owner->uid, owner->gid) != 0) {
        return system_error("cannot give away the folder", folder);
    }
    if (::fchmod(fd.get(), mode) != 0) {
        return system_error("cannot set the mode of", folder);
    }
    return Done{};
}

void remove_folder(const fs::path& folder) {
    const Status removed = remove_beneath(folder.parent_path(), folder.filename().string());
    if (!removed) {
        spdlog::warn("folder cannot be removed folder={} reason={}", folder.string(),
                     removed.error().message);
    }
}

Result<Descriptor> lock_file(const fs::path& file) {
    Descriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.open()) {
        return system_error("cannot open", file);
    }
    for (int left = kLockTries; ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0; --left) {
        if (left == 0) {
            return Error{ErrorCode::FailedPrecondition,
                         "another gusu-agent holds " + quote(file.string()) +
                             "; end it first, or give this one a state_dir of its own"};
        }
        ::poll(nullptr, 0, kLockPauseMilliseconds);
    }
    return fd;
}

}  // namespace gusu::agent
