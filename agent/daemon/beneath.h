// Files below a folder of ours in which somebody else may have put anything: links, pipes, devices,
// folders a million deep. The kernel refuses every path that leads out, whoever changes what
// meanwhile.
#pragma once

#include <filesystem>

#include "agent/supervisor/descriptor.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

// A regular file, for reading. `name` is relative to `folder`, and no part of it a link.
Result<Descriptor> open_file_beneath(const std::filesystem::path& folder,
                                     const std::filesystem::path& name);

// `folder` / `name` with all that is in it; `name` has one part. No error if it is not there.
Status remove_beneath(const std::filesystem::path& folder, const std::string& name);

}  // namespace gusu::agent
