// What a Request frame says, as JSON: which program is to be started, with what, and, from inside
// of a task, where.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/base/result.h"

namespace gusu::agent {

struct TerminalRequest {
    std::string type;
    int rows = 0;
    int columns = 0;

    friend bool operator==(const TerminalRequest&, const TerminalRequest&) = default;
};

struct ProgramRequest {
    std::vector<std::string> command;
    std::map<std::string, std::string> environment = {};  // over that of the task
    std::optional<TerminalRequest> terminal = {};
    // Of a task that asks for it elsewhere: the node, or "" and the rank of the task.
    std::string node = {};
    int task = 0;

    friend bool operator==(const ProgramRequest&, const ProgramRequest&) = default;
};

// InvalidArgument if a text is no UTF-8.
Result<std::string> to_json(const ProgramRequest& request);
Result<ProgramRequest> read_program_request(std::string_view text);

}  // namespace gusu::agent
