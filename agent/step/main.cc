// gusu-step: from inside of a task, programs in the other tasks of its job; see README.md of
// agent/.
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "agent/step/first.h"
#include "agent/step/step.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

constexpr const char* kUsage =
    "usage: gusu-step [--task N | --node NAME] -- COMMAND...\n"
    "       gusu-step --rsh NODE COMMAND...\n"
    "       gusu-step --first -- COMMAND...\n"
    "Inside of a task, starts COMMAND in every task of the same job, or in one of them (--task, "
    "by\n"
    "rank), or in the first on a node. Each has the environment of its task. Output comes here,\n"
    "input goes to all of them, and the exit code is the worst: 128 and the signal of one that "
    "was\n"
    "killed, 125 of one that did not run.\n"
    "\n"
    "  --rsh    as rsh and ssh do it: COMMAND is one line for a shell. What mpirun calls\n"
    "  --first  runs COMMAND in the first task, while the others wait for its end\n"
    "  --help, --version\n"
    "\n"
    "Examples:\n"
    "  gusu-step -- hostname\n"
    "  gusu-step --task 3 -- nvidia-smi\n"
    "  gusu submit --nodes 2 --launch first -- mpirun ./solver\n";
constexpr const char* kVersion = "gusu-step 0.1.0";
constexpr int kWrongWords = 2;

using Words = std::vector<std::string>;

int misuse(const std::string& what) {
    std::fprintf(stderr, "gusu-step: %s (`gusu-step --help`)\n", what.c_str());
    return kWrongWords;
}

// ssh joins its words, and the shell on the other side parts them again.
int run_as_rsh(const Place& place, const Words& words) {
    std::string line;
    for (std::size_t i = 1; i < words.size(); ++i) {
        line += (line.empty() ? "" : " ") + words[i];
    }
    return run_step(place, {{.command = {"/bin/sh", "-c", line}, .node = words.front()}});
}

int run_in_all(const Place& place, const Words& command) {
    std::vector<ProgramRequest> requests;
    for (int task = 0; task < place.tasks; ++task) {
        requests.push_back({.command = command, .task = task});
    }
    return run_step(place, requests);
}

struct Options {
    std::string mode;   // "--task", "--node", "--rsh", "--first"; "": every task
    std::string value;  // of --task and --node
    Words command;
};

Result<Options> parse(const Words& given) {
    const auto wrong = [](const std::string& what) {
        return Error{ErrorCode::InvalidArgument, what};
    };
    Options options;
    std::size_t i = 0;
    if (i < given.size() && given[i].starts_with("--") && given[i] != "--") {
        options.mode = given[i++];
    }
    const bool takes_value = options.mode == "--task" || options.mode == "--node";
    if (!takes_value && !options.mode.empty() && options.mode != "--rsh" &&
        options.mode != "--first") {
        return wrong("there is no option " + options.mode);
    }
    if (takes_value && i < given.size()) {
        options.value = given[i++];
    }
    if (options.mode != "--rsh") {
        if (i == given.size() || given[i] != "--") {
            return wrong("the command comes after --");
        }
        ++i;
    }
    options.command.assign(given.begin() + static_cast<std::ptrdiff_t>(i), given.end());
    if (options.command.size() < (options.mode == "--rsh" ? 2U : 1U)) {
        return wrong("there is no command");
    }
    return options;
}

int run(const Options& options) {
    const auto place = place_of_this_task();
    if (!place) {
        std::fprintf(stderr, "gusu-step: %s\n", place.error().message.c_str());
        return 1;
    }
    if (options.mode == "--first") {
        return run_first(*place, options.command);
    }
    if (options.mode == "--rsh") {
        return run_as_rsh(*place, options.command);
    }
    if (options.mode == "--node") {
        return run_step(*place, {{.command = options.command, .node = options.value}});
    }
    if (options.mode.empty()) {
        return run_in_all(*place, options.command);
    }
    const auto task = parse_integer(options.value, 0, place->tasks - 1);
    if (!task) {
        return misuse("--task: " + quote(options.value) + " is none of 0 to " +
                      std::to_string(place->tasks - 1));
    }
    return run_step(*place, {{.command = options.command, .task = static_cast<int>(*task)}});
}

}  // namespace
}  // namespace gusu::agent

int main(int count, char** arguments) {
    using namespace gusu::agent;
    const Words given(arguments + 1, arguments + count);
    if (given.size() == 1 && given[0] == "--help") {
        std::fputs(kUsage, stdout);
        return 0;
    }
    if (given.size() == 1 && given[0] == "--version") {
        std::puts(kVersion);
        return 0;
    }
    const auto options = parse(given);
    return options ? run(*options) : misuse(options.error().message);
}
