// The file `gusu login` keeps: where the scheduler is, whom to trust, who I am.
#pragma once

#include <filesystem>

#include "gusu/config/v1/credentials.pb.h"
#include "proto/rpc/channel.h"
#include "scheduler/base/result.h"

namespace gusu::rpc {

// GUSU_CREDENTIALS, or $XDG_CONFIG_HOME/gusu/credentials.yaml, or ~/.config/gusu/credentials.yaml.
std::filesystem::path credentials_file();

// Refuses a file that others may read.
Result<config::v1::Credentials> read_credentials(const std::filesystem::path& file);
// Atomically, mode 0600, with its folders.
Status write_credentials(const std::filesystem::path& file,
                         const config::v1::Credentials& credentials);

// With GUSU_SCHEDULER in place of the scheduler's address, if it is set.
Endpoint to_endpoint(const config::v1::Credentials& credentials);

}  // namespace gusu::rpc
