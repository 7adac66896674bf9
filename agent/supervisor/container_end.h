// What a supervisor knows of the container that its program speaks for; see
// agent/container/run.h.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "agent/supervisor/records.h"

namespace gusu::agent {

bool speaks_for_container(const std::filesystem::path& directory);

// Ends what still runs in the group and below it ("gusu/n1/17.0"), and removes the groups that
// podman made there in every hierarchy, also in those that we do not use.
void end_container_groups(const std::string& group, std::chrono::milliseconds patience);

// Since when the container runs, by since_boot(); nullopt: it does not yet.
std::optional<Duration> container_started(const std::filesystem::path& directory);

// Why it never ran, or that it ended for its memory limit.
void take_container_notes(const std::filesystem::path& directory, ExitRecord& record);

}  // namespace gusu::agent
