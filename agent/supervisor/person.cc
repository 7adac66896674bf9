#include "agent/supervisor/person.h"

#include <grp.h>
#include <pwd.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

// More than any kernel has.
constexpr int kMostCapabilities = 64;

std::string shown(const Person& person) {
    return person.name.empty() ? "user " + std::to_string(person.uid)
                               : "user " + quote(person.name);
}

Result<Person> person_of(const SupervisorOrder& order) {
    if (order.uid > 0) {
        const auto number = static_cast<uid_t>(order.uid);
        return Person{.name = "", .uid = number, .gid = number};
    }
    const passwd* const entry = getpwnam(order.user.c_str());
    if (entry == nullptr) {
        return Error{ErrorCode::NotFound, "the user " + quote(order.user) +
                                              " does not exist on this node: create the account, "
                                              "or map the tenant to another"};
    }
    return Person{.name = order.user, .uid = entry->pw_uid, .gid = entry->pw_gid};
}

bool join_groups(const Person& person) {
    return person.name.empty() ? setgroups(0, nullptr) == 0
                               : initgroups(person.name.c_str(), person.gid) == 0;
}

// One who is not root has none to drop, and may not.
bool drop_capabilities() {
    for (int number = 0; number < kMostCapabilities; ++number) {
        if (prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1 &&
            prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) {
            return false;
        }
    }
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0;
}

}  // namespace

Result<std::optional<Person>> find_person(const SupervisorOrder& order) {
    if (order.user.empty() && order.uid == 0) {
        return std::optional<Person>();
    }
    const Result<Person> person = person_of(order);
    if (!person) {
        return person.error();
    }
    if (person->uid == geteuid()) {
        return std::optional<Person>();
    }
    if (geteuid() != 0) {
        return Error{ErrorCode::NotAllowed,
                     "the task is to run as " + shown(*person) +
                         ", and this agent is not root: run the agent as root, or as that user"};
    }
    return std::optional<Person>(*person);
}

std::string take_file_rights(const Person& person) {
    if (!join_groups(person)) {
        return "cannot join the groups of the " + shown(person) + ": " + std::strerror(errno);
    }
    setfsgid(person.gid);
    setfsuid(person.uid);
    return "";
}

void take_back_file_rights() {
    setfsuid(geteuid());
    setfsgid(getegid());
}

std::string become(const std::optional<Person>& person) {
    if (person.has_value() && (!drop_capabilities() || !join_groups(*person) ||
                               setresgid(person->gid, person->gid, person->gid) != 0 ||
                               setresuid(person->uid, person->uid, person->uid) != 0)) {
        return "cannot become the " + shown(*person) + ": " + std::strerror(errno);
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return std::string("cannot give up new privileges: ") + std::strerror(errno);
    }
    return "";
}

}  // namespace gusu::agent
