// Small files that are whole on disk, or not there.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "scheduler/base/result.h"

namespace gusu::service {

// At most 1 MiB. NotFound if there is none.
Result<std::string> read_small_file(const std::filesystem::path& file);

// Replaces the file in one step, synced together with its folder. `mode` holds from the first byte.
Status write_file_atomically(const std::filesystem::path& file, const std::string& content,
                             mode_t mode);

}  // namespace gusu::service
