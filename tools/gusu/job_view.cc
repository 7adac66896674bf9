#include "tools/gusu/job_view.h"

#include <string_view>
#include <utility>
#include <vector>

#include "proto/text/json.h"
#include "scheduler/base/text.h"
#include "tools/gusu/catalogue.h"
#include "tools/gusu/table.h"
#include "tools/gusu/words.h"

namespace gusu::cli {
namespace {

constexpr int kShortestName = 8;
constexpr int kShortestReason = 8;

using Lines = std::vector<std::pair<std::string, std::string>>;

std::vector<Column> job_columns(bool wide) {
    std::vector<Column> columns{
        {say("ID")},
        {say("NAME"), Align::Left, kShortestName},
        {say("TENANT"), Align::Left, kShortestName},
        {say("USER"), Align::Left, kShortestName},
        {say("KIND")},
        {say("STATE")},
        {say("GPUS"), Align::Right},
        {say("NODES"), Align::Right},
        {say("ELAPSED"), Align::Right},
        {say("REASON"), Align::Left, kShortestReason},
    };
    if (wide) {
        columns.push_back({say("PRIORITY")});
        columns.push_back({say("ATTEMPT"), Align::Right});
        columns.push_back({say("SUBMITTED")});
        columns.push_back({say("GPU-HOURS"), Align::Right});
    }
    return columns;
}

std::string priority_word(v1::Priority priority) {
    return text::enum_text(priority == v1::PRIORITY_UNSPECIFIED ? v1::PRIORITY_NORMAL : priority);
}

std::string joined(const google::protobuf::RepeatedPtrField<std::string>& words,
                   std::string_view separator) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : std::string(separator)) + word;
    }
    return text;
}

std::string labels_text(const google::protobuf::Map<std::string, std::string>& labels) {
    std::string text;
    for (const auto& [key, value] : labels) {
        text += (text.empty() ? "" : " ") + key + "=" + value;
    }
    return text;
}

std::string group_text(const v1::TaskGroup& group) {
    std::string text = group.name().empty() ? "" : group.name() + ": ";
    text += std::to_string(group.tasks() == 0 ? 1 : group.tasks()) + " x (";
    text += number(group.resources().gpus()) + " GPU";
    if (group.resources().cpus() > 0) {
        text += ", " + number(group.resources().cpus()) + " CPU";
    }
    if (group.resources().memory() > 0) {
        text += ", " + format_bytes(group.resources().memory());
    }
    text += ")";
    if (group.accelerators_size() > 0) {
        text += " " + joined(group.accelerators(), ",");
    }
    return text;
}

std::string resources_text(const v1::JobSpec& spec) {
    std::string text;
    for (const v1::TaskGroup& group : spec.groups()) {
        text += (text.empty() ? "" : " + ") + group_text(group);
    }
    return text;
}

std::string dependencies_text(const v1::JobSpec& spec) {
    std::string text;
    for (const v1::Dependency& dependency : spec.dependencies()) {
        text += (text.empty() ? "" : ", ") + text::enum_text(dependency.condition()) + " " +
                joined(dependency.job_ids(), " ");
    }
    return text;
}

std::string state_text(const v1::Job& job) {
    const std::string why = reason(job);
    const bool begins =
        job.state() == v1::JOB_STATE_PENDING || job.state() == v1::JOB_STATE_STARTING;
    const std::string& detail = begins ? job.wait_detail() : job.end_detail();
    std::string text = state_word(job.state());
    text += why.empty() ? "" : " (" + why + ")";
    return detail.empty() ? text : text + ": " + detail;
}

std::string exit_text(const v1::Job& job) {
    if (job.signal() != 0) {
        return "signal " + std::to_string(job.signal());
    }
    return job.has_ended_at() ? std::to_string(job.exit_code()) : "";
}

std::string array_text(const v1::ArraySpec& array) {
    return array.max_running() == 0 ? array.indices()
                                    : array.indices() + " %" + std::to_string(array.max_running());
}

std::string codes_text(const google::protobuf::RepeatedField<int>& codes) {
    std::string text;
    for (const int code : codes) {
        text += (text.empty() ? "" : ",") + std::to_string(code);
    }
    return text;
}

std::string retries_text(const v1::RetryPolicy& retry) {
    if (retry.retries() == 0) {
        return "";
    }
    std::string text = std::to_string(retry.retries());
    text += retry.exit_codes().empty() ? "" : ", --retry-on " + codes_text(retry.exit_codes());
    text += retry.final_exit_codes().empty()
                ? ""
                : ", --no-retry-on " + codes_text(retry.final_exit_codes());
    return text;
}

// What it asks of its nodes besides resources.
std::string nodes_text(const v1::JobSpec& spec) {
    std::string text = spec.exclusive() ? "--exclusive" : "";
    if (spec.has_topology()) {
        const v1::Topology& topology = spec.topology();
        text += (text.empty() ? "" : " ") + std::string("--topology ") + topology.level() + ":" +
                (topology.required() ? "required" : duration(topology.wait()));
    }
    for (const v1::TaskGroup& group : spec.groups()) {
        text += group.spread_over().empty() ? "" : " --spread-over " + group.spread_over();
    }
    return text;
}

Lines spec_lines(const v1::JobSpec& spec) {
    return Lines{
        {say("Resources"), resources_text(spec)},
        {say("Command"), joined(spec.command(), " ")},
        {say("Script"),
         spec.script().empty() ? "" : std::to_string(spec.script().size()) + " bytes"},
        {say("Image"), spec.image()},
        {say("Folder"), spec.workdir()},
        {say("Time limit"), spec.has_time_limit() ? duration(spec.time_limit()) : ""},
        {say("Array"), array_text(spec.array())},
        {say("After"), dependencies_text(spec)},
        {say("Retries"), retries_text(spec.retry())},
        {say("Nodes"), nodes_text(spec)},
        {say("Deadline"), spec.has_deadline() ? local_time(spec.deadline()) : ""},
        {say("Labels"), labels_text(spec.labels())},
        {say("Comment"), spec.comment()},
        {say("Not before"), spec.has_begin() ? local_time(spec.begin()) : ""},
    };
}

Lines life_lines(const v1::Job& job, const View& view) {
    return Lines{
        {say("Submitted"), local_time(job.submitted_at())},
        {say("Started"), job.has_started_at() ? local_time(job.started_at()) : ""},
        {say("Saved"), job.has_checkpointed_at() ? local_time(job.checkpointed_at()) : ""},
        {say("Ended"), job.has_ended_at() ? local_time(job.ended_at()) : ""},
        {say("Elapsed"), elapsed(job, view.now)},
        {say("Exit"), exit_text(job)},
        {say("GPU-hours"), hours(job.gpu_hours())},
    };
}

std::string devices_text(const v1::TaskPlacement& placement) {
    std::string text;
    for (const int device : placement.devices()) {
        text += (text.empty() ? "" : ",") + std::to_string(device);
    }
    return text.empty() ? "-" : text;
}

std::string placement_table(const v1::Job& job, const View& view) {
    Table table({{say("TASK"), Align::Right},
                 {say("GROUP")},
                 {say("NODE"), Align::Left, kShortestName},
                 {say("ACCELERATOR"), Align::Left, kShortestName},
                 {say("DEVICES")},
                 {say("GPUS"), Align::Right},
                 {say("STATE")}});
    for (const v1::TaskPlacement& placement : job.placements()) {
        table.add({std::to_string(placement.task()),
                   placement.group().empty() ? "-" : placement.group(), placement.node(),
                   placement.accelerator().empty()
                       ? "-"
                       : accelerator_name(placement.accelerator(), placement.simulated()),
                   devices_text(placement), number(placement.gpus()),
                   state_word(placement.state())});
    }
    return table.to_text(view.width);
}

}  // namespace

std::string job_table(const v1::ListJobsResponse& jobs, const View& view) {
    Table table(job_columns(view.wide));
    for (const v1::Job& job : jobs.jobs()) {
        std::vector<std::string> cells{
            job.id(),
            job.spec().name(),
            job.spec().tenant(),
            job.user(),
            kind_word(job.spec().kind()),
            state_word(job.state()),
            number(job.gpus()),
            std::to_string(job.nodes()),
            elapsed(job, view.now),
            reason(job),
        };
        if (view.wide) {
            cells.back() = state_text(job);
            cells.push_back(priority_word(job.spec().priority()));
            cells.push_back(std::to_string(job.attempt()));
            cells.push_back(local_time(job.submitted_at()));
            cells.push_back(hours(job.gpu_hours()));
        }
        table.add(std::move(cells));
    }
    return table.to_text(view.width);
}

std::string job_details(const v1::Job& job, const View& view) {
    Lines lines{
        {say("Job"), job.id()},
        {say("Name"), job.spec().name()},
        {say("State"), state_text(job)},
        {say("Tenant"), job.spec().tenant()},
        {say("User"), job.user()},
        {say("Kind"), kind_word(job.spec().kind())},
        {say("Priority"), priority_word(job.spec().priority())},
        {say("Attempt"), std::to_string(job.attempt())},
    };
    for (const Lines& more : {spec_lines(job.spec()), life_lines(job, view)}) {
        lines.insert(lines.end(), more.begin(), more.end());
    }
    std::string text = details(lines);
    if (job.placements_size() > 0) {
        text += "\n" + say("Tasks") + "\n" + placement_table(job, view);
    }
    if (job.events_size() > 0) {
        text += "\n" + say("Events") + "\n";
        for (const v1::JobEvent& event : job.events()) {
            text += local_time(event.time()) + "  " + event.what() + "\n";
        }
    }
    return text;
}

std::string forecast_text(const v1::StartForecast& forecast) {
    std::string text = say("Likely start") + ": ";
    if (forecast.has_likely()) {
        text += local_time(forecast.likely());
        text += forecast.has_earliest()
                    ? " (" + say("between") + " " + local_time(forecast.earliest()) + " " +
                          say("and") + " " +
                          (forecast.has_latest() ? local_time(forecast.latest())
                                                 : say("nobody can tell when")) +
                          ")"
                    : "";
    } else if (forecast.has_earliest()) {
        text += say("not before") + " " + local_time(forecast.earliest());
    } else {
        text += say("unknown");
    }
    return text + "\n  " + forecast.basis();
}

std::string explanation(const v1::ExplainJobResponse& answer) {
    const v1::Job& job = answer.job();
    std::string text = say("Job") + " " + job.id() + ": ";
    if (job.state() != v1::JOB_STATE_PENDING) {
        return text + state_text(job) + "; " + say("does not wait") + "\n";
    }
    if (answer.constraints_size() == 0) {
        return text + say("waits") + ": " + bold(reason(job)) + " " + job.wait_detail() + "\n";
    }
    const v1::Constraint& first = answer.constraints(0);
    text += say("waits") + "\n\n  " + bold(text::enum_text(first.reason())) + "\n  " +
            first.detail() + "\n";
    if (!first.remedy().empty()) {
        text += "  " + say("To open it") + ": " + first.remedy() + "\n";
    }
    if (answer.has_forecast()) {
        text += "\n" + forecast_text(answer.forecast()) + "\n";
    }
    if (answer.position() > 0) {
        text += "\n" + say("Jobs before it") + ": " + std::to_string(answer.position()) + "\n";
    }
    if (answer.constraints_size() > 1) {
        text += "\n" + say("After that") + "\n";
    }
    for (int i = 1; i < answer.constraints_size(); ++i) {
        const v1::Constraint& next = answer.constraints(i);
        text += "  " + text::enum_text(next.reason()) + ": " + next.detail();
        text += next.remedy().empty() ? "\n" : "; " + next.remedy() + "\n";
    }
    if (answer.would_start_now_size() > 0) {
        text += "\n" + say("Would start now") + "\n";
    }
    for (const std::string& smaller : answer.would_start_now()) {
        text += "  " + smaller + "\n";
    }
    return text;
}

}  // namespace gusu::cli
