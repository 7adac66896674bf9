// The clock that counts from the boot of the machine, also while it is suspended: the agent and the
// supervisors of one boot read the same.
#pragma once

#include <ctime>

#include "scheduler/base/time.h"

namespace gusu::agent {

inline Duration since_boot() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return Duration(std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000);
}

}  // namespace gusu::agent
