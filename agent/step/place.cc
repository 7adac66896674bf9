#include "agent/step/place.h"

#include <cstdlib>

#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

constexpr std::int64_t kMostTasks = 100'000;

std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

Result<Place> place_of_this_task() {
    Place place{.socket = variable("GUSU_STEP_SOCKET"), .scratch = variable("GUSU_SCRATCH_DIR")};
    const auto task = parse_integer(variable("SLURM_PROCID"), 0, kMostTasks);
    const auto tasks = parse_integer(variable("SLURM_NTASKS"), 1, kMostTasks);
    if (place.socket.empty() || place.scratch.empty() || !task || !tasks) {
        return Error{
            ErrorCode::FailedPrecondition,
            "this is no task of a job: GUSU_STEP_SOCKET, GUSU_SCRATCH_DIR, SLURM_PROCID or "
            "SLURM_NTASKS is not set; start gusu-step by `gusu submit` or `gusu exec`"};
    }
    place.task = static_cast<int>(*task);
    place.tasks = static_cast<int>(*tasks);
    return place;
}

}  // namespace gusu::agent
