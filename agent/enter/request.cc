#include "agent/enter/request.h"

#include <nlohmann/json.hpp>

namespace gusu::agent {
namespace {

using nlohmann::json;

ProgramRequest from_json(const json& content) {
    ProgramRequest request;
    request.command = content.at("command").get<std::vector<std::string>>();
    request.environment = content.at("environment").get<std::map<std::string, std::string>>();
    if (content.contains("terminal")) {
        const json& terminal = content.at("terminal");
        request.terminal = TerminalRequest{.type = terminal.at("type").get<std::string>(),
                                           .rows = terminal.at("rows").get<int>(),
                                           .columns = terminal.at("columns").get<int>()};
    }
    request.node = content.at("node").get<std::string>();
    request.task = content.at("task").get<int>();
    return request;
}

}  // namespace

Result<std::string> to_json(const ProgramRequest& request) {
    json content = {{"command", request.command},
                    {"environment", request.environment},
                    {"node", request.node},
                    {"task", request.task}};
    if (request.terminal) {
        content["terminal"] = {{"type", request.terminal->type},
                               {"rows", request.terminal->rows},
                               {"columns", request.terminal->columns}};
    }
    try {
        return content.dump();
    } catch (const json::exception& wrong) {
        return Error{ErrorCode::InvalidArgument,
                     std::string("the command or its environment is no UTF-8: ") + wrong.what()};
    }
}

Result<ProgramRequest> read_program_request(std::string_view text) {
    try {
        return from_json(json::parse(text));
    } catch (const json::exception& wrong) {
        return Error{ErrorCode::InvalidArgument,
                     std::string("this is no request for a program: ") + wrong.what()};
    }
}

}  // namespace gusu::agent
