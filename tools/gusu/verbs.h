// The verbs of the command line by family. Each family is a file of its own, and only these files
// and program.cc know the library that reads command lines.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tools/gusu/completion.h"
#include "tools/gusu/session.h"
#include "tools/gusu/submit_commands.h"

namespace CLI {
class App;
}

namespace gusu::cli {

// What was read from a command line.
struct Invocation {
    Settings settings;
    std::function<int(Session&)> action;
    // Of submit and run, besides the options: SCRIPT and its arguments, or the command.
    std::string script_file;
    std::vector<std::string> command;
    // Set when the verb was submit or run.
    std::shared_ptr<Submission> submission;
};

// The invocation outlives the App.
void add_job_verbs(CLI::App& root, Invocation& invocation);
void add_cluster_verbs(CLI::App& root, Invocation& invocation);
void add_reservation_verbs(CLI::App& root, Invocation& invocation);
void add_admin_verbs(CLI::App& root, Invocation& invocation);
void add_tenant_verbs(CLI::App& root, Invocation& invocation);
void add_access_verbs(CLI::App& root, Invocation& invocation);

// "-o table|wide|json|yaml" and "--json".
void add_format(CLI::App& verb, Invocation& invocation);

}  // namespace gusu::cli
