// A program that runs in the first task of a job alone, and starts what it needs in the others.
#pragma once

#include <string>
#include <vector>

#include "agent/step/place.h"

namespace gusu::agent {

// In the first task: runs the command, and when it has ended well lets the others end. In the
// others: waits for that. Gives the exit code.
int run_first(const Place& place, const std::vector<std::string>& command);

}  // namespace gusu::agent
