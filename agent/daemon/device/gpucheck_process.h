// gusu-gpucheck as a process: started, waited for by the loop, and what it found.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "agent/daemon/event_loop.h"

namespace gusu::agent {

enum class CheckVerdict {
    Passed,
    Faulty,     // or lost, or the program did not end in time
    NotJudged,  // the card was in use, or the program could not run
};

struct CheckFindings {
    CheckVerdict verdict = CheckVerdict::NotJudged;
    std::string detail;  // for people: what failed, or the figures
};

// What the program's exit status and its JSON say.
CheckFindings read_findings(int exit_code, const std::string& json);

// `done` is called on the loop's thread. The process ends with the agent.
void run_gpucheck(EventLoop& loop, const std::filesystem::path& program,
                  const std::vector<std::string>& words, std::function<void(CheckFindings)> done);

}  // namespace gusu::agent
