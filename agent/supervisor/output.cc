#include "agent/supervisor/output.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

constexpr std::size_t kBuffer = 64 * 1024;  // what a pipe holds
constexpr int kBuffersAtOnce = 8;

// How much of it went in: less than all when the disk is full.
std::size_t write_some(const Descriptor& file, const char* bytes, std::size_t count) {
    std::size_t done = 0;
    while (done < count) {
        const ssize_t put = write(file.get(), bytes + done, count - done);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            break;
        }
        done += static_cast<std::size_t>(put);
    }
    return done;
}

}  // namespace

Log::Log(std::string path, Descriptor file, std::int64_t room)
    : path_(std::move(path)), file_(std::move(file)), room_(room) {}

Result<std::shared_ptr<Log>> Log::open(const std::string& path, std::int64_t limit) {
    // Where the agent is not root, its tasks may have put something else there.
    Descriptor file(::open(
        path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640));
    struct stat found = {};
    if (!file.open() || fstat(file.get(), &found) != 0) {
        return Error{ErrorCode::Unavailable,
                     "the log " + quote(path) + " cannot be opened: " + std::strerror(errno)};
    }
    if (!S_ISREG(found.st_mode)) {
        return Error{ErrorCode::Unavailable, "the log " + quote(path) + " is no regular file"};
    }
    const std::int64_t room = limit > 0 ? std::max<std::int64_t>(limit - found.st_size, 0)
                                        : std::numeric_limits<std::int64_t>::max();
    return std::shared_ptr<Log>(new Log(path, std::move(file), room));
}

void Log::append(const char* bytes, std::size_t count) {
    const std::size_t fits = std::min(count, static_cast<std::size_t>(room_));
    const std::size_t written = write_some(file_, bytes, fits);
    room_ -= static_cast<std::int64_t>(written);
    dropped_ += static_cast<std::int64_t>(count - written);
}

void Log::note_dropped() {
    if (!has_unnoted()) {
        return;
    }
    const std::string path = path_ + ".dropped";
    const Descriptor file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640));
    const std::string text = std::to_string(dropped_);  // only grows, so it covers the old one
    if (file.open() && write_some(file, text.data(), text.size()) == text.size()) {
        noted_ = dropped_;
    }
}

bool Stream::take() {
    static char buffer[kBuffer];  // one thread, and too large for a small stack
    for (int round = 0; round < kBuffersAtOnce && pipe_.open(); ++round) {
        const ssize_t got = read(pipe_.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && errno == EAGAIN) {
            return false;
        }
        if (got <= 0) {
            pipe_.reset();
            return false;
        }
        log_->append(buffer, static_cast<std::size_t>(got));
        if (copy_.open()) {
            write_some(copy_, buffer, static_cast<std::size_t>(got));
        }
    }
    return pipe_.open();
}

}  // namespace gusu::agent
