// What a supervisor does when the program that spoke for a container is over; see
// agent/container/run.h.
#pragma once

#include <filesystem>
#include <string>

#include "agent/supervisor/records.h"

namespace gusu::agent {

// Ends what still runs in the group and below it ("gusu/n1/17.0"), and removes the groups that
// podman made there in every hierarchy, also in those that we do not use.
void end_container_groups(const std::string& group, std::chrono::milliseconds patience);

// Why it never ran, or that it ended for its memory limit.
void take_container_notes(const std::filesystem::path& directory, ExitRecord& record);

}  // namespace gusu::agent
