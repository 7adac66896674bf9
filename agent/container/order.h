// What the agent tells gusu-container to run, and what it hears of it: JSON files in the task's
// directory, beside those of agent/supervisor/records.h.
//
//   container.json        agent -> gusu-container  written once, before it starts
//   waits-for             gusu-container -> agent  why it does not run yet, in words
//   started               gusu-container -> agent, supervisor  see agent/supervisor/records.h
//   container-error       gusu-container -> supervisor  the program never ran, and this is why
//   container-out-of-memory  gusu-container -> supervisor  the kernel ended it for its memory limit
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "scheduler/base/result.h"

namespace gusu::agent {

struct Mount {
    std::string source;  // absolute; on the node
    std::string target;  // absolute; in the container
    bool read_only = false;

    friend bool operator==(const Mount&, const Mount&) = default;
};

struct ContainerOrder {
    std::string socket;                              // of podman's or Docker's service
    std::string name;                                // unique on the node: "gusu-n1-17.0"
    std::string node;                                // as a label, by which strays are found
    std::string image;                               // as the user wrote it
    std::vector<std::string> command;                // empty: the image's own
    std::map<std::string, std::string> environment;  // over the image's
    std::string workdir;                             // absolute
    std::int64_t uid = 0;                            // of the program; never 0
    std::int64_t gid = 0;
    std::vector<Mount> mounts;
    std::vector<std::string> devices;  // CDI names as "nvidia.com/gpu=GPU-...", or files
    std::string cgroup_parent;  // from the root of the hierarchy, "/gusu/n1/17.0/box"; "": podman's
    std::int64_t milli_cpus = 0;  // 0: no limit
    std::int64_t memory = 0;      // bytes; 0: no limit
    std::int64_t processes = 0;   // 0: no limit
    std::string output = {};      // the user's own files, as the container sees them; "": none
    std::string error = {};       // "": stderr goes to `output`

    friend bool operator==(const ContainerOrder&, const ContainerOrder&) = default;
};

inline constexpr const char* kContainerOrder = "container.json";
inline constexpr const char* kContainerError = "container-error";
inline constexpr const char* kContainerWaits = "waits-for";
inline constexpr const char* kContainerOutOfMemory = "container-out-of-memory";

std::string to_json(const ContainerOrder& order);
Result<ContainerOrder> read_container_order(const std::filesystem::path& directory);

}  // namespace gusu::agent
