// `gusu-agent --checkpoint-saved`: what a job's script calls when its work is saved.
#pragma once

#include <string>

#include "scheduler/base/result.h"

namespace gusu::agent {

// Says so on the task's socket (GUSU_CHECKPOINT_SOCKET), and returns when it is written down.
Status say_saved(const std::string& socket);

}  // namespace gusu::agent
