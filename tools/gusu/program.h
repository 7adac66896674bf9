// The command `gusu`: its verbs, its help, and which function each verb is.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "tools/gusu/completion.h"
#include "tools/gusu/session.h"
#include "tools/gusu/submit_commands.h"

namespace gusu::cli {

// The words after the program's name. Gives the exit code.
int run_program(const std::vector<std::string>& words, std::ostream& out, std::ostream& err);

// Every verb and option there is.
Command command_tree();

// Parses a `submit` or `run` command line as the program does, without running it: for tests.
Result<Submission> parse_submission(const std::vector<std::string>& words);

}  // namespace gusu::cli
