// Events and explanations as the lines of a story.
#pragma once

#include <map>
#include <string>

#include "scheduler/core/policy/explain.h"

namespace gusu::testing {

struct Names {
    std::map<JobId, std::string> jobs;
};

std::string told(const core::State& state, const Names& names, const core::Events& events);
std::string told(const core::Explanation& explanation);
std::string told_time(Time time);
std::string word(core::WaitReason reason);

}  // namespace gusu::testing
