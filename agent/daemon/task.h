// A task as the agent knows it: one task of one placement of a job, never reused.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "agent/supervisor/records.h"
#include "gusu/v1/agent_service.pb.h"

namespace gusu::agent {

struct TaskKey {
    std::uint64_t incarnation = 0;
    int task = 0;

    friend auto operator<=>(const TaskKey&, const TaskKey&) = default;
};

inline TaskKey from_proto(const v1::TaskKey& key) {
    return {.incarnation = key.incarnation(), .task = key.task()};
}

// "17.0": names the task's directories and its cgroup.
inline std::string to_text(const TaskKey& key) {
    return std::to_string(key.incarnation) + "." + std::to_string(key.task);
}

enum class TaskPhase { Starting, Running, Exited };

// What is kept of a task. `exit` counts once it has exited.
struct Task {
    TaskKey key;
    v1::Launch launch;  // without script and environment, which only its start needs
    TaskPhase phase = TaskPhase::Starting;
    ExitRecord exit;
    std::string waits_for = {};  // while it is starting; in no journal
    std::string stuck = {};      // that it cannot be killed; in no journal
    SavesRecord saves = {};      // as its supervisor wrote it; in no journal but the task's folder
};

// `now` by since_boot().
v1::TaskObservation to_observation(const Task& task, Duration now);

}  // namespace gusu::agent
