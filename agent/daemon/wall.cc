#include "agent/daemon/wall.h"

#include "agent/daemon/supervisor_process.h"
#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

Status find_wall(const NodeSettings& settings) {
    const std::optional<Owner>& shared = settings.users.shared.owner;
    if (shared && shared->uid == 0) {
        return Error{ErrorCode::Unavailable,
                     "tasks run as root (task_user), who goes through walls"};
    }
    return try_wall(settings.supervisor);
}

}  // namespace

std::string to_text(Wall wall) { return wall == Wall::Full ? "full" : "none"; }

Result<Wall> choose_wall(const config::v1::AgentConfig& config, const NodeSettings& settings) {
    if (config.wall() == config::v1::WALL_OFF) {
        spdlog::warn("tasks have no wall around them, by the configuration");
        return Wall::None;
    }
    const Status found = find_wall(settings);
    if (!found && config.wall() == config::v1::WALL_REQUIRED) {
        return Error{ErrorCode::FailedPrecondition,
                     "wall: is required, and there is none: " + found.error().message +
                         "; run the agent as root, outside of containers, or allow to go on "
                         "without by wall: preferred"};
    }
    if (!found) {
        spdlog::warn(
            "tasks see each other's processes, and files in /tmp and /dev/shm reason=\"{}\"",
            found.error().message);
        return Wall::None;
    }
    return Wall::Full;
}

}  // namespace gusu::agent
