// One program in one or several tasks of this job, with its output here and our input there.
#pragma once

#include <string>
#include <vector>

#include "agent/enter/request.h"
#include "agent/step/place.h"

namespace gusu::agent {

// Of a program that did not run.
inline constexpr int kNeverRan = 125;

// Waits for all of them and gives the worst exit code (128 and the signal of one that was killed).
// SIGINT, SIGTERM and the like go to all of them; a second SIGINT ends this at once, and thereby
// them.
int run_step(const Place& place, const std::vector<ProgramRequest>& requests);

// The same, without input and output. Gives the requests whose program did not end well.
std::vector<ProgramRequest> run_quietly(const Place& place,
                                        const std::vector<ProgramRequest>& requests);

}  // namespace gusu::agent
