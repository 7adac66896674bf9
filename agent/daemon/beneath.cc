#include "agent/daemon/beneath.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "agent/daemon/files.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

// Somebody who still writes may not hold us up for ever.
constexpr int kMostRounds = 10'000;
constexpr int kMostNames = 1'000'000;

Descriptor open_folder_of_ours(const fs::path& folder) {
    return Descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

Descriptor open_beneath(const Descriptor& folder, const std::string& name, int flags) {
    open_how how = {};
    how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return Descriptor(
        static_cast<int>(::syscall(SYS_openat2, folder.get(), name.c_str(), &how, sizeof how)));
}

struct Close {
    void operator()(DIR* listing) const { ::closedir(listing); }
};
using Listing = std::unique_ptr<DIR, Close>;

Listing list(const Descriptor& folder) {
    const int copy = ::fcntl(folder.get(), F_DUPFD_CLOEXEC, 0);
    DIR* const opened = copy < 0 ? nullptr : ::fdopendir(copy);
    if (opened == nullptr && copy >= 0) {
        ::close(copy);
    }
    if (opened != nullptr) {
        ::rewinddir(opened);  // the copy shares its place with the original
    }
    return Listing(opened);
}

// Without recursion, and with two folders open however deep it goes: what lies two steps below
// `top` is moved up, one round after the other.
class Removal {
public:
    explicit Removal(const Descriptor& top) : top_(top) {}

    Status empty_it() {
        for (int round = 0; round < kMostRounds; ++round) {
            left_ = false;
            each_name(top_, [this](const std::string& name) { remove_from_top(name); });
            if (!left_) {
                return Done{};
            }
            if (!std::exchange(progress_, false)) {
                break;
            }
        }
        return Error{ErrorCode::Unavailable,
                     std::string("not all of it can be removed: ") + std::strerror(failure_)};
    }

private:
    template <typename Act>
    static void each_name(const Descriptor& folder, Act act) {
        const Listing listing = list(folder);
        const dirent* entry = nullptr;
        while (listing != nullptr && (entry = ::readdir(listing.get())) != nullptr) {
            const std::string name = entry->d_name;
            if (name != "." && name != "..") {
                act(name);
            }
        }
    }

    bool unlink_from(const Descriptor& folder, const std::string& name) {
        if (::unlinkat(folder.get(), name.c_str(), 0) == 0 ||
            ::unlinkat(folder.get(), name.c_str(), AT_REMOVEDIR) == 0) {
            progress_ = true;
            return true;
        }
        failure_ = errno;
        return errno == ENOENT;
    }

    void remove_from_top(const std::string& name) {
        if (unlink_from(top_, name)) {
            return;
        }
        left_ = true;
        Descriptor below = open_beneath(top_, name, O_RDONLY | O_DIRECTORY);
        if (!below.open() && errno == EACCES) {  // of our own user, who has closed it
            ::fchmodat(top_.get(), name.c_str(), 0700, 0);
            below = open_beneath(top_, name, O_RDONLY | O_DIRECTORY);
        }
        if (!below.open()) {
            failure_ = errno;
            return;
        }
        ::fchmod(below.get(), 0700);
        each_name(below, [&](const std::string& deep) {
            if (!unlink_from(below, deep)) {
                move_up(below, deep);
            }
        });
        (void)unlink_from(top_, name);
    }

    void move_up(const Descriptor& folder, const std::string& name) {
        for (; moved_ < kMostNames; ++moved_) {
            const std::string free = "removed-" + std::to_string(moved_);
            if (::renameat2(folder.get(), name.c_str(), top_.get(), free.c_str(),
                            RENAME_NOREPLACE) == 0) {
                ++moved_;
                progress_ = true;
                return;
            }
            if (errno != EEXIST) {
                failure_ = errno;
                return;
            }
        }
    }

    const Descriptor& top_;
    bool left_ = false;
    bool progress_ = false;
    int failure_ = 0;
    int moved_ = 0;
};

}  // namespace

Result<Descriptor> open_file_beneath(const fs::path& folder, const fs::path& name) {
    const Descriptor top = open_folder_of_ours(folder);
    // Not blocking: a pipe that nobody writes to is found out, not waited for.
    Descriptor file = top.open()
                          ? open_beneath(top, name.string(), O_RDONLY | O_NONBLOCK | O_NOCTTY)
                          : Descriptor();
    struct stat found = {};
    if (!file.open() || ::fstat(file.get(), &found) != 0) {
        return system_error("cannot open", folder / name);
    }
    if (!S_ISREG(found.st_mode)) {
        return Error{ErrorCode::FailedPrecondition,
                     quote((folder / name).string()) + " is no regular file"};
    }
    return file;
}

Status remove_beneath(const fs::path& folder, const std::string& name) {
    const Descriptor parent = open_folder_of_ours(folder);
    if (!parent.open()) {
        return errno == ENOENT ? Status(Done{}) : system_error("cannot open", folder);
    }
    if (::unlinkat(parent.get(), name.c_str(), 0) == 0 || errno == ENOENT) {
        return Done{};
    }
    {
        const Descriptor top = open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
        if (!top.open()) {
            return system_error("cannot open", folder / name);
        }
        if (Status emptied = Removal(top).empty_it(); !emptied) {
            return emptied;
        }
    }
    return ::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) == 0
               ? Status(Done{})
               : system_error("cannot remove", folder / name);
}

}  // namespace gusu::agent
