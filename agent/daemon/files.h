// Small files and folders of the agent.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "agent/supervisor/descriptor.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

// "WHAT FILE: what errno says"
Error system_error(const std::string& what, const std::filesystem::path& file);

// At most 4 MiB. NotFound if there is none.
Result<std::string> read_file(const std::filesystem::path& file);
// In one step, and synced.
Status replace_file(const std::filesystem::path& file, const std::string& content, mode_t mode);
struct Owner {
    uid_t uid = 0;
    gid_t gid = 0;

    friend bool operator==(const Owner&, const Owner&) = default;
};
// A new file, not synced. Follows no link: the folder may belong to somebody else.
Status create_file(const std::filesystem::path& file, const std::string& content, mode_t mode,
                   const std::optional<Owner>& owner = std::nullopt);

// With its parents. The folder itself has exactly this mode, and this owner if one is named.
Status make_folder(const std::filesystem::path& folder, mode_t mode,
                   const std::optional<Owner>& owner = std::nullopt);
// With all that is in it, whoever put it there. Nothing happens if it is not there.
void remove_folder(const std::filesystem::path& folder);

// Held until it is closed; another program that goes on holding it is an error that names the file.
Result<Descriptor> lock_file(const std::filesystem::path& file);

}  // namespace gusu::agent
