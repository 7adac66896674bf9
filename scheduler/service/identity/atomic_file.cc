#include "scheduler/service/identity/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace gusu::service {
namespace {

constexpr std::size_t kLargest = 1024 * 1024;

class Descriptor {
public:
    explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (descriptor_ >= 0) {
            close(descriptor_);
        }
    }
    int get() const { return descriptor_; }

private:
    int descriptor_;
};

Error system_error(const std::filesystem::path& file, const std::string& what) {
    const int number = errno;
    const ErrorCode code = number == ENOENT   ? ErrorCode::NotFound
                           : number == EACCES ? ErrorCode::NotAllowed
                                              : ErrorCode::Internal;
    return {code,
            file.string() + ": cannot be " + what + ": " + std::generic_category().message(number)};
}

bool write_all(int descriptor, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = write(descriptor, content.data(), content.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        content.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
    return true;
}

bool write_synced(const std::filesystem::path& file, const std::string& content, mode_t mode) {
    const Descriptor opened(
        open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    return opened.get() >= 0 && fchmod(opened.get(), mode) == 0 &&
           write_all(opened.get(), content) && fsync(opened.get()) == 0;
}

bool sync_folder(const std::filesystem::path& folder) {
    const Descriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return opened.get() >= 0 && fsync(opened.get()) == 0;
}

}  // namespace

Result<std::string> read_small_file(const std::filesystem::path& file) {
    const Descriptor opened(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (opened.get() < 0) {
        return system_error(file, "read");
    }
    std::string content;
    char block[16384];
    while (content.size() <= kLargest) {
        const ssize_t size = read(opened.get(), block, sizeof(block));
        if (size < 0 && errno != EINTR) {
            return system_error(file, "read");
        }
        if (size == 0) {
            return content;
        }
        content.append(block, size < 0 ? 0 : static_cast<std::size_t>(size));
    }
    return Error{ErrorCode::InvalidArgument, file.string() + ": is larger than 1 MiB"};
}

Status write_file_atomically(const std::filesystem::path& file, const std::string& content,
                             mode_t mode) {
    const std::filesystem::path fresh = file.string() + ".new";
    // What a crash left behind may have another mode and owner.
    unlink(fresh.c_str());
    if (!write_synced(fresh, content, mode) || rename(fresh.c_str(), file.c_str()) != 0) {
        const Error error = system_error(file, "written");
        unlink(fresh.c_str());
        return error;
    }
    if (!sync_folder(file.parent_path())) {
        return system_error(file.parent_path(), "synced");
    }
    return Done{};
}

}  // namespace gusu::service
