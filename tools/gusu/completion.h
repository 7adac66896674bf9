// Completion scripts for shells, made from the very tree of verbs the program reads with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scheduler/base/result.h"

namespace gusu::cli {

struct CommandOption {
    std::vector<std::string> names;  // "--name", "-J"
    std::string help;
    bool takes_value = false;
    // The values there are, when they are few and known.
    std::vector<std::string> choices = {};
};

struct Command {
    std::string name;
    std::string help;
    std::vector<CommandOption> options = {};
    std::vector<Command> commands = {};
};

// For "bash", "zsh" or "fish".
Result<std::string> completion_script(const Command& root, std::string_view shell);

}  // namespace gusu::cli
