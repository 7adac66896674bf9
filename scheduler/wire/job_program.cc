#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>

#include "scheduler/base/text.h"
#include "scheduler/wire/job_spec_rules.h"

namespace gusu::wire {
namespace {

constexpr std::size_t kMostScript = 1 << 20;
constexpr std::size_t kMostCommand = 256 << 10;
// The kernel's own limit for one argument is 128 KiB with its NUL.
constexpr std::size_t kMostArgument = (128 << 10) - 1;
constexpr std::size_t kMostEnvironment = 64 << 10;
constexpr std::size_t kMostPath = 4096;

using Command = google::protobuf::RepeatedPtrField<std::string>;

Problem check_command(const Command& command, const Field& parent) {
    const Field field = parent.in("command");
    std::size_t bytes = 0;
    for (int i = 0; i < command.size(); ++i) {
        const TextRule rule{.most_bytes = kMostArgument, .controls = Controls::AllButNul};
        if (auto problem = check_text(parent.at("command", i), command[i], rule)) {
            return problem;
        }
        bytes += command[i].size() + 1;
    }
    if (bytes > kMostCommand) {
        return refuse(field, "has " + std::to_string(bytes) + " bytes",
                      "at most 262144 bytes; put long lists into a file");
    }
    return std::nullopt;
}

Problem check_script(const v1::JobSpec& spec, const Field& parent) {
    const Field field = parent.in("script");
    const TextRule rule{.most_bytes = kMostScript, .controls = Controls::AllButNul};
    if (auto problem = check_text(field, spec.script(), rule)) {
        return problem;
    }
    if (!spec.script().empty() && !spec.script().starts_with("#!")) {
        return refuse(field, quote(spec.script().substr(0, spec.script().find('\n'))),
                      "is not how a script begins", "a first line as \"#!/bin/bash\"");
    }
    return std::nullopt;
}

// Every task needs something to run.
Problem check_something_runs(const v1::JobSpec& spec, const Field& field) {
    const auto runs = [](const Command& command) {
        return !command.empty() && !command[0].empty();
    };
    if (!spec.script().empty() || runs(spec.command())) {
        return std::nullopt;
    }
    const bool groups_run = std::ranges::all_of(
        spec.groups(), [&](const v1::TaskGroup& group) { return runs(group.command()); });
    if (groups_run && spec.command().empty()) {
        return std::nullopt;
    }
    return refuse(field.in("command"), spec.command().empty() ? "is empty" : "names no program",
                  "a program and its arguments, or a script");
}

bool is_env_name(std::string_view name) {
    const bool is_digit_first = !name.empty() && name.front() >= '0' && name.front() <= '9';
    return !name.empty() && name.size() <= 256 && !is_digit_first &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_';
           });
}

// What the loader obeys, and what the agent says to the job. Where it was submitted, the client
// says.
bool is_reserved(std::string_view name) {
    const bool is_ours = name.starts_with("GUSU_") || name.starts_with("SLURM_");
    return name.starts_with("LD_") || (is_ours && !name.ends_with("_SUBMIT_DIR"));
}

Problem check_environment(const v1::JobSpec& spec, const Field& parent) {
    const Field field = parent.in("env");
    std::size_t bytes = 0;
    for (const auto& [name, value] : spec.env()) {
        if (!is_env_name(name)) {
            return refuse(field, "name " + quote(name) + " is no name of a variable",
                          "[A-Za-z_][A-Za-z0-9_]*, at most 256 characters");
        }
        if (is_reserved(name)) {
            return refuse(field, "name " + quote(name) + " is reserved",
                          "any but LD_*, GUSU_* and SLURM_*; set it in the script if you must");
        }
        const TextRule rule{.most_bytes = kMostEnvironment, .controls = Controls::AllButNul};
        if (auto problem = check_text(field.in(name), value, rule)) {
            return problem;
        }
        bytes += name.size() + value.size() + 2;
    }
    if (bytes > kMostEnvironment) {
        return refuse(field, "has " + std::to_string(bytes) + " bytes", "at most 65536 bytes");
    }
    return std::nullopt;
}

Problem check_paths(const v1::JobSpec& spec, const Field& field) {
    const TextRule rule{.most_bytes = kMostPath};
    if (auto problem = check_text(field.in("workdir"), spec.workdir(), rule)) {
        return problem;
    }
    if (!spec.workdir().empty() && !spec.workdir().starts_with('/')) {
        return refuse(
            field.in("workdir"), quote(spec.workdir()), "is not absolute",
            "a path from the root as \"/home/li/run\", or none for the scratch directory");
    }
    if (auto problem = check_text(field.in("output"), spec.output(), rule)) {
        return problem;
    }
    return check_text(field.in("error"), spec.error(), rule);
}

Problem check_image(const v1::JobSpec& spec, const Field& parent) {
    const Field field = parent.in("image");
    const std::string& image = spec.image();
    const bool ends_open = image.ends_with('/') || image.ends_with(':') || image.ends_with('@');
    if (image.empty() ||
        (is_word(image, 512, "._-/:@") && !ends_open && image.find("//") == std::string::npos)) {
        return std::nullopt;
    }
    return refuse(
        field, quote(image), "is no reference of an image",
        "as \"registry.example.org/team/train:1.2\" or with \"@sha256:...\"; leave it out "
        "to run without a container");
}

Problem check_kind(const v1::JobSpec& spec, const Field& field) {
    if (v1::JobKind_IsValid(spec.kind())) {
        return std::nullopt;
    }
    return refuse(field.in("kind"), std::to_string(static_cast<int>(spec.kind())), "is no kind",
                  "JOB_KIND_TRAINING, JOB_KIND_SERVICE, JOB_KIND_INTERACTIVE");
}

Problem check_launch_mode(const v1::JobSpec& spec, const Field& field) {
    if (!v1::LaunchMode_IsValid(spec.launch_mode())) {
        return refuse(field.in("launch_mode"), std::to_string(static_cast<int>(spec.launch_mode())),
                      "is no way to launch a job", "LAUNCH_MODE_ALL, LAUNCH_MODE_FIRST");
    }
    if (spec.launch_mode() == v1::LAUNCH_MODE_FIRST && !spec.image().empty()) {
        return refuse(field.in("launch_mode"), "LAUNCH_MODE_FIRST",
                      "is not for jobs in containers: what starts the others is not in the image",
                      "leave out the image, or LAUNCH_MODE_ALL");
    }
    return std::nullopt;
}

Problem check_group_commands(const v1::JobSpec& spec, const Field& field) {
    for (int i = 0; i < spec.groups_size(); ++i) {
        const Command& command = spec.groups(i).command();
        const Field here = field.at("groups", i);
        if (auto problem = check_command(command, here)) {
            return problem;
        }
        if (!command.empty() && command[0].empty()) {
            return refuse(here.at("command", 0), "is empty", "the program of the group");
        }
    }
    return std::nullopt;
}

}  // namespace

Problem check_program(const v1::JobSpec& spec, const Field& field) {
    if (auto problem = check_text(field.in("name"), spec.name(), {.most_bytes = 128})) {
        return problem;
    }
    if (auto problem = check_script(spec, field)) {
        return problem;
    }
    if (auto problem = check_command(spec.command(), field)) {
        return problem;
    }
    if (auto problem = check_group_commands(spec, field)) {
        return problem;
    }
    if (auto problem = check_something_runs(spec, field)) {
        return problem;
    }
    if (auto problem = check_environment(spec, field)) {
        return problem;
    }
    if (auto problem = check_paths(spec, field)) {
        return problem;
    }
    if (auto problem = check_image(spec, field)) {
        return problem;
    }
    if (auto problem = check_kind(spec, field)) {
        return problem;
    }
    if (auto problem = check_launch_mode(spec, field)) {
        return problem;
    }
    const TextRule comment{.most_bytes = 4096, .controls = Controls::Whitespace};
    if (auto problem = check_text(field.in("comment"), spec.comment(), comment)) {
        return problem;
    }
    return check_labels(field.in("labels"), spec.labels());
}

std::string program_payload(const v1::JobSpec& spec) {
    v1::JobSpec payload;
    payload.set_kind(spec.kind());
    *payload.mutable_command() = spec.command();
    payload.set_script(spec.script());
    *payload.mutable_env() = spec.env();
    payload.set_workdir(spec.workdir());
    payload.set_image(spec.image());
    payload.set_launch_mode(spec.launch_mode());
    payload.set_output(spec.output());
    payload.set_error(spec.error());
    payload.set_hold(spec.hold());
    payload.set_comment(spec.comment());
    *payload.mutable_labels() = spec.labels();
    if (spec.has_array()) {
        *payload.mutable_array() = spec.array();
    }
    const bool groups_differ = std::ranges::any_of(
        spec.groups(), [](const v1::TaskGroup& group) { return !group.command().empty(); });
    for (int i = 0; groups_differ && i < spec.groups_size(); ++i) {
        *payload.add_groups()->mutable_command() = spec.groups(i).command();
    }
    // Deterministic: equal specs have equal payloads, whatever the order of their maps.
    std::string bytes;
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    check(payload.SerializeToCodedStream(&coded), "a checked spec can be written");
    coded.Trim();
    return bytes;
}

}  // namespace gusu::wire
