// From what the user wrote to the JobSpec that is sent. Nothing here asks the scheduler.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gusu/v1/job.pb.h"
#include "scheduler/base/result.h"
#include "scheduler/base/time.h"
#include "tools/gusu/submit_options.h"

namespace gusu::cli {

// What a submission may know of the world around the command.
struct Surroundings {
    Time now;
    // Where the command was typed.
    std::string folder;
    std::function<std::optional<std::string>(const std::string& name)> variable;
};

// A job as the command line describes it: a command, a script with arguments, or a job file.
struct JobWords {
    SubmitOptions options;
    std::vector<std::string> command;  // or the script's arguments
    std::string script_file;
    std::string script;
    std::string job_file;
};

struct SpecAndWarnings {
    v1::JobSpec spec;
    std::vector<std::string> warnings;
};

// Reads the script's own lines too; options of the command line win over them, and over a job file.
// Every error names the option, or the script's line, and the value.
Result<SpecAndWarnings> make_job_spec(JobWords words, const Surroundings& around);

// The parts of it that are tested by themselves.
Status add_resources(const SubmitOptions& options, SpecAndWarnings& job);
Status add_dependencies(const Given& given, v1::JobSpec& spec);
Status add_array(const Given& given, v1::JobSpec& spec);

// "--mem: "12X" is ...": what is wrong with a value, and where it stands.
Error wrong_value(const Given& given, std::string_view why);

// The parts between separators; "" has none.
std::vector<std::string> split(std::string_view text, char separator);

}  // namespace gusu::cli
