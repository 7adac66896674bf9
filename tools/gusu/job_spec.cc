#include "tools/gusu/job_spec.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "proto/text/yaml.h"
#include "scheduler/base/text.h"
#include "tools/gusu/sbatch_script.h"

namespace gusu::cli {
namespace {

using google::protobuf::util::TimeUtil;

constexpr int kMostRetries = 100;

Result<Duration> duration_of(const Given& given) {
    Result<Duration> duration = parse_duration(given.text);
    if (!duration) {
        return wrong_value(given, duration.error().message);
    }
    return duration;
}

Status refuse_a_format(const SubmitOptions& options) {
    const Given* output = options.last(Setting::OutputFile);
    if (output != nullptr && (output->text == "json" || output->text == "yaml")) {
        return wrong_value(*output,
                           "-o is --output here, as with sbatch: a file; for the job as "
                           "JSON say --json");
    }
    return Done{};
}

void warn_of_what_is_ignored(const SubmitOptions& options, SpecAndWarnings& job) {
    if (const Given* given = options.last(Setting::Partition)) {
        job.warnings.push_back(given->where +
                               " is ignored: gusu has no partitions; use --tenant "
                               "and --accelerator");
    }
    if (const Given* given = options.last(Setting::Export)) {
        job.warnings.push_back(given->where + " is ignored: name the variables with --env");
    }
}

void add_texts(const SubmitOptions& options, v1::JobSpec& spec) {
    static constexpr std::pair<Setting, const char*> kTexts[] = {
        {Setting::Name, "name"},       {Setting::Tenant, "tenant"},
        {Setting::Comment, "comment"}, {Setting::Image, "image"},
        {Setting::Workdir, "workdir"}, {Setting::OutputFile, "output"},
        {Setting::ErrorFile, "error"},
    };
    for (const auto& [setting, field] : kTexts) {
        if (const Given* given = options.last(setting)) {
            spec.GetReflection()->SetString(&spec, spec.GetDescriptor()->FindFieldByName(field),
                                            given->text);
        }
    }
    if (options.has(Setting::Preemptible)) {
        spec.set_preemptible(true);
    }
    if (options.has(Setting::Hold)) {
        spec.set_hold(true);
    }
}

Status add_choices(const SubmitOptions& options, v1::JobSpec& spec) {
    const auto choose = [&](Setting setting, std::string_view prefix, const auto& parse,
                            std::string_view allowed) -> Status {
        const Given* given = options.last(setting);
        if (given == nullptr) {
            return Done{};
        }
        std::string name(prefix);
        std::ranges::transform(given->text, std::back_inserter(name),
                               [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        if (!parse(name)) {
            return wrong_value(*given, std::string(allowed));
        }
        return Done{};
    };
    const Status priority = choose(
        Setting::Priority, "PRIORITY_",
        [&](const std::string& name) {
            v1::Priority value = v1::PRIORITY_UNSPECIFIED;
            const bool known =
                v1::Priority_Parse(name, &value) && value != v1::PRIORITY_UNSPECIFIED;
            spec.set_priority(value);
            return known;
        },
        "low, normal or high is allowed");
    if (!priority) {
        return priority;
    }
    const Status launch = choose(
        Setting::Launch, "LAUNCH_MODE_",
        [&](const std::string& name) {
            v1::LaunchMode value = v1::LAUNCH_MODE_UNSPECIFIED;
            const bool known =
                v1::LaunchMode_Parse(name, &value) && value != v1::LAUNCH_MODE_UNSPECIFIED;
            spec.set_launch_mode(value);
            return known;
        },
        "all or first is allowed");
    if (!launch) {
        return launch;
    }
    return choose(
        Setting::Kind, "JOB_KIND_",
        [&](const std::string& name) {
            v1::JobKind value = v1::JOB_KIND_UNSPECIFIED;
            const bool known = v1::JobKind_Parse(name, &value) && value != v1::JOB_KIND_UNSPECIFIED;
            spec.set_kind(value);
            return known;
        },
        "training, service or interactive is allowed");
}

Status add_times(const SubmitOptions& options, const Surroundings& around, v1::JobSpec& spec) {
    if (const Given* given = options.last(Setting::TimeLimit)) {
        const Result<Duration> limit = duration_of(*given);
        if (!limit) {
            return limit.error();
        }
        *spec.mutable_time_limit() = TimeUtil::MillisecondsToDuration(limit->count());
    }
    if (const Given* given = options.last(Setting::Begin)) {
        const Result<Time> begin = parse_time(given->text, around.now);
        if (!begin) {
            return wrong_value(*given, begin.error().message);
        }
        *spec.mutable_begin() = TimeUtil::MillisecondsToTimestamp(to_milliseconds(*begin));
    }
    if (const Given* given = options.last(Setting::Deadline)) {
        const Result<Time> deadline = parse_time(given->text, around.now);
        if (!deadline) {
            return wrong_value(*given, deadline.error().message);
        }
        *spec.mutable_deadline() = TimeUtil::MillisecondsToTimestamp(to_milliseconds(*deadline));
    }
    return Done{};
}

// "[R][B:]USR1[@60]"
Status add_sbatch_signal(const Given& given, v1::JobSpec& spec) {
    std::string name = given.text;
    if (const std::size_t colon = name.find(':'); colon != std::string::npos) {
        name = name.substr(colon + 1);
    }
    if (const std::size_t at = name.find('@'); at != std::string::npos) {
        const Result<std::int64_t> seconds = parse_integer(name.substr(at + 1), 0, 65'535);
        if (!seconds) {
            return wrong_value(given, seconds.error().message);
        }
        *spec.mutable_checkpoint()->mutable_grace() = TimeUtil::SecondsToDuration(*seconds);
        name.resize(at);
    }
    spec.mutable_checkpoint()->set_signal(name);
    return Done{};
}

Status add_codes(const Given& given, google::protobuf::RepeatedField<int>& codes) {
    for (const std::string& part : split(given.text, ',')) {
        const Result<std::int64_t> code = parse_integer(part, 1, 255);
        if (!code) {
            return wrong_value(given, code.error().message);
        }
        codes.Add(static_cast<int>(*code));
    }
    return Done{};
}

Status add_end(const SubmitOptions& options, v1::JobSpec& spec) {
    if (const Given* given = options.last(Setting::Signal)) {
        const Status added = add_sbatch_signal(*given, spec);
        if (!added) {
            return added;
        }
    }
    if (const Given* given = options.last(Setting::CheckpointSignal)) {
        spec.mutable_checkpoint()->set_signal(given->text);
    }
    if (const Given* given = options.last(Setting::Grace)) {
        const Result<Duration> grace = duration_of(*given);
        if (!grace) {
            return grace.error();
        }
        *spec.mutable_checkpoint()->mutable_grace() =
            TimeUtil::MillisecondsToDuration(grace->count());
    }
    if (options.has(Setting::Requeue)) {
        spec.mutable_retry()->set_retries(1);
    }
    if (options.has(Setting::NoRequeue)) {
        spec.mutable_retry()->set_retries(0);
    }
    if (const Given* given = options.last(Setting::Retries)) {
        const Result<std::int64_t> retries = parse_integer(given->text, 0, kMostRetries);
        if (!retries) {
            return wrong_value(*given, retries.error().message);
        }
        spec.mutable_retry()->set_retries(static_cast<int>(*retries));
    }
    if (const Given* given = options.last(Setting::RetryOn)) {
        const Status added = add_codes(*given, *spec.mutable_retry()->mutable_exit_codes());
        if (!added) {
            return added;
        }
    }
    const Given* given = options.last(Setting::NoRetryOn);
    return given == nullptr ? Status(Done{})
                            : add_codes(*given, *spec.mutable_retry()->mutable_final_exit_codes());
}

Status add_environment(const SubmitOptions& options, const Surroundings& around,
                       v1::JobSpec& spec) {
    auto& env = *spec.mutable_env();
    env["GUSU_SUBMIT_DIR"] = around.folder;
    env["SLURM_SUBMIT_DIR"] = around.folder;
    for (const Given& given : options.all(Setting::Env)) {
        const std::size_t equals = given.text.find('=');
        if (equals != std::string::npos) {
            env[given.text.substr(0, equals)] = given.text.substr(equals + 1);
            continue;
        }
        const std::optional<std::string> value = around.variable(given.text);
        if (!value) {
            return wrong_value(given, "there is no such variable here; give its value as " +
                                          given.text + "=VALUE");
        }
        env[given.text] = *value;
    }
    for (const Given& given : options.all(Setting::Label)) {
        const std::size_t equals = given.text.find('=');
        if (equals == std::string::npos || equals == 0) {
            return wrong_value(given, "a label is written KEY=VALUE");
        }
        (*spec.mutable_labels())[given.text.substr(0, equals)] = given.text.substr(equals + 1);
    }
    return Done{};
}

Status add_lists(const SubmitOptions& options, v1::JobSpec& spec) {
    if (const Given* given = options.last(Setting::Array)) {
        const Status added = add_array(*given, spec);
        if (!added) {
            return added;
        }
    }
    if (const Given* given = options.last(Setting::DependsOn)) {
        return add_dependencies(*given, spec);
    }
    return Done{};
}

Status add_program(const JobWords& words, v1::JobSpec& spec) {
    if (!words.command.empty()) {
        spec.clear_command();
        for (const std::string& word : words.command) {
            spec.add_command(word);
        }
    }
    if (words.script_file.empty()) {
        return Done{};
    }
    if (!words.script.starts_with("#!")) {
        return Error{ErrorCode::InvalidArgument,
                     words.script_file +
                         ":1: a script begins with the line that says what runs "
                         "it, as \"#!/bin/bash\""};
    }
    spec.set_script(words.script);
    if (spec.name().empty()) {
        spec.set_name(std::filesystem::path(words.script_file).filename().string());
    }
    return Done{};
}

Status add_options(const SubmitOptions& options, const Surroundings& around, SpecAndWarnings& job) {
    warn_of_what_is_ignored(options, job);
    add_texts(options, job.spec);
    const Status steps[] = {
        refuse_a_format(options),     add_choices(options, job.spec),
        add_resources(options, job),  add_times(options, around, job.spec),
        add_end(options, job.spec),   add_environment(options, around, job.spec),
        add_lists(options, job.spec),
    };
    for (const Status& step : steps) {
        if (!step) {
            return step;
        }
    }
    return Done{};
}

}  // namespace

Error wrong_value(const Given& given, std::string_view why) {
    return Error{ErrorCode::InvalidArgument,
                 given.where + " \"" + given.text + "\": " + std::string(why)};
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        parts.emplace_back(text.substr(0, end));
        if (end + 1 == text.size()) {
            parts.emplace_back();
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

Status add_array(const Given& given, v1::JobSpec& spec) {
    const std::size_t percent = given.text.find('%');
    spec.mutable_array()->set_indices(given.text.substr(0, percent));
    if (spec.array().indices().empty()) {
        return wrong_value(given, "indices are written 0-9, 1,3,5-7 or 0-100:10");
    }
    if (percent == std::string::npos) {
        return Done{};
    }
    const Result<std::int64_t> most = parse_integer(given.text.substr(percent + 1), 1, 100'000);
    if (!most) {
        return wrong_value(given, "after %, how many may run at once: " + most.error().message);
    }
    spec.mutable_array()->set_max_running(static_cast<int>(*most));
    return Done{};
}

Status add_dependencies(const Given& given, v1::JobSpec& spec) {
    struct Word {
        std::string_view text;
        v1::DependencyCondition condition;
    };
    static constexpr std::array<Word, 5> kConditions{
        Word{"afterok", v1::DEPENDENCY_CONDITION_AFTER_OK},
        Word{"afterany", v1::DEPENDENCY_CONDITION_AFTER_ANY},
        Word{"afternotok", v1::DEPENDENCY_CONDITION_AFTER_NOT_OK},
        Word{"aftercorr", v1::DEPENDENCY_CONDITION_AFTER_CORR},
        Word{"singleton", v1::DEPENDENCY_CONDITION_SINGLETON}};
    constexpr std::string_view kAllowed =
        "allowed are afterok:JOB[:JOB...], afterany:..., afternotok:..., aftercorr:..., singleton, "
        "joined by commas, or an id";
    for (const std::string& part : split(given.text, ',')) {
        std::vector<std::string> words = split(part, ':');
        v1::Dependency& dependency = *spec.add_dependencies();
        dependency.set_condition(v1::DEPENDENCY_CONDITION_AFTER_OK);
        const auto* named =
            std::ranges::find(kConditions, words.empty() ? "" : words.front(), &Word::text);
        if (named != kConditions.end()) {
            dependency.set_condition(named->condition);
            words.erase(words.begin());
        }
        for (const std::string& id : words) {
            if (id.empty() || std::isdigit(static_cast<unsigned char>(id.front())) == 0) {
                return wrong_value(given, kAllowed);
            }
            dependency.add_job_ids(id);
        }
        const bool names_none = dependency.condition() == v1::DEPENDENCY_CONDITION_SINGLETON;
        if (dependency.job_ids().empty() != names_none) {
            return wrong_value(given, kAllowed);
        }
    }
    return Done{};
}

Result<SpecAndWarnings> make_job_spec(JobWords words, const Surroundings& around) {
    SpecAndWarnings job;
    if (!words.job_file.empty()) {
        const Status read = text::read_yaml_file(words.job_file, job.spec);
        if (!read) {
            return read.error();
        }
    }
    if (!words.script_file.empty()) {
        const Result<SubmitOptions> lines = read_script_options(words.script, words.script_file);
        if (!lines) {
            return lines.error();
        }
        words.options.add_defaults(*lines);
    }
    const Status options = add_options(words.options, around, job);
    if (!options) {
        return options.error();
    }
    const Status program = add_program(words, job.spec);
    if (!program) {
        return program.error();
    }
    return job;
}

}  // namespace gusu::cli
