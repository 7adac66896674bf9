// A file that one process at a time has.
#pragma once

#include <filesystem>
#include <utility>

#include "scheduler/base/result.h"

namespace gusu::store {

// It goes with its process, so that a killed one leaves none behind.
class FileLock {
public:
    static Result<FileLock> take(const std::filesystem::path& file);
    ~FileLock();
    FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    FileLock& operator=(FileLock&&) = delete;

private:
    explicit FileLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

}  // namespace gusu::store
