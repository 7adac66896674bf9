#include "agent/supervisor/socket_scope.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "agent/supervisor/descriptor.h"

namespace gusu::agent {
namespace {

// Of the kernel's interface, which Debian 12's headers do not know yet.
struct Ruleset {
    std::uint64_t handled_access_fs = 0;
    std::uint64_t handled_access_net = 0;
    std::uint64_t scoped = 0;
};
constexpr std::uint64_t kSocketsWithoutFile = 1;
constexpr int kAskVersion = 1;
constexpr long kVersionWithScopes = 6;

}  // namespace

std::string keep_to_own_sockets() {
    const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
    if (version < kVersionWithScopes) {
        return "";
    }
    const Ruleset ruleset = {.scoped = kSocketsWithoutFile};
    const Descriptor rules(
        static_cast<int>(syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0)));
    if (!rules.open() || syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) {
        return std::string("the task cannot be kept to its own sockets: ") + std::strerror(errno);
    }
    return "";
}

}  // namespace gusu::agent
