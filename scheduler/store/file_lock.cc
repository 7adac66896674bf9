#include "scheduler/store/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "scheduler/base/text.h"

namespace gusu::store {

FileLock::~FileLock() {
    if (descriptor_ >= 0) {
        close(descriptor_);
    }
}

Result<FileLock> FileLock::take(const std::filesystem::path& file) {
    const int descriptor = open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return Error{ErrorCode::Unavailable,
                     "cannot open " + quote(file.string()) + ": " + std::strerror(errno) +
                         "; see that the folder is there and may be written"};
    }
    FileLock lock(descriptor);
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        return Error{ErrorCode::FailedPrecondition,
                     quote(file.string()) +
                         " is locked: another gusu-scheduler has this journal "
                         "open; stop it, or name another journal"};
    }
    return lock;
}

}  // namespace gusu::store
