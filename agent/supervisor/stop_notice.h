// The file "stop-requested" in the checkpoint folder of a job, for programs that would rather look
// than take signals. As lines, which a shell can read too:
//
//   incarnation=17
//   reason=PREEMPTED
//   deadline=1764145160        seconds since 1970; what still runs then is killed
//
// The folder belongs to the task's user, who may have put anything there: no link is followed.
#pragma once

#include <chrono>
#include <string>

#include "scheduler/base/result.h"

namespace gusu::agent {

struct StopNotice {
    std::string incarnation;
    std::string reason;
    std::chrono::system_clock::time_point deadline;
};

// In one step; one that is there is replaced. `writer` is a name that no other writer uses.
Status write_stop_notice(const std::string& folder, const std::string& writer,
                         const StopNotice& notice);

// Of another placement of the job than this one.
void remove_old_stop_notice(const std::string& folder, const std::string& incarnation);

}  // namespace gusu::agent
