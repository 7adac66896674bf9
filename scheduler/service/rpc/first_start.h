// The first administrator of a new platform, and the credentials file by which one becomes it.
#pragma once

#include <filesystem>
#include <string>

#include "scheduler/base/result.h"
#include "scheduler/service/engine/engine.h"

namespace gusu::service {

struct FirstStart {
    std::filesystem::path state_dir;
    std::string scheduler;  // "host:port", where the administrator finds it
    std::string authority;  // PEM
};

// If nobody has a role yet: makes the user "admin", and writes state_dir/admin.credentials.yaml.
// The secret is on disk before the platform knows of it, so that a crash between loses neither.
Status found_platform(Engine& engine, const FirstStart& first);

}  // namespace gusu::service
