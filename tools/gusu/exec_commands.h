// gusu exec, gusu shell: a program in a task that runs.
#pragma once

#include <string>
#include <vector>

#include "tools/gusu/session.h"

namespace gusu::cli {

struct ExecWords {
    std::string job_id;
    int task = 0;
    bool interactive = false;                   // our stdin is the program's
    bool terminal = false;                      // it has a terminal
    std::vector<std::string> environment = {};  // "K=V", or "K" as it is here
    std::vector<std::string> command = {};
};

// Gives the exit code of the program, or 128 and the signal that ended it.
int exec(Session& session, const ExecWords& words);
// A shell with a terminal: $SHELL of the task, else bash, else sh.
int shell(Session& session, ExecWords words);

}  // namespace gusu::cli
