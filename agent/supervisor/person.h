// Whom the task's program runs as, and what it may no longer do from then on.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "agent/supervisor/records.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

struct Person {
    std::string name;  // "": known to this machine by its number alone, and in no other group
    uid_t uid = 0;
    gid_t gid = 0;
};

// nullopt: the task runs as the supervisor does.
Result<std::optional<Person>> find_person(const SupervisorOrder& order);

// Both are for a child before its exec, and give the reason why they cannot, or "".
//
// Opens folders with this person's rights, while the process keeps its own for what comes after.
std::string take_file_rights(const Person& person);
void take_back_file_rights();
// No capability, no way to get one, no way back.
std::string become(const std::optional<Person>& person);

}  // namespace gusu::agent
