// Where in a running task a program is started, and as what.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/supervisor/descriptor.h"
#include "agent/supervisor/person.h"
#include "agent/supervisor/records.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

enum class Guard { None, SystemCalls, SystemCallsAndSockets };

struct Site {
    // A process of the task, whose namespaces are entered; not open: there are none.
    Descriptor process;
    int namespaces = 0;                  // CLONE_NEW*, without that of processes
    std::vector<std::string> entrances;  // of its control groups
    std::optional<Person> person;        // nullopt: as this process
    std::map<std::string, std::string> environment;
    std::string workdir;
    Guard guard = Guard::None;
};

// Of the task whose folder this is. `supervisor` is a pidfd of the task's. FailedPrecondition if
// its own program does not run, or does not run yet.
Result<Site> find_site(const std::filesystem::path& task, const Descriptor& supervisor);

}  // namespace gusu::agent
