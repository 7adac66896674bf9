#include <nlohmann/json.hpp>
#include <optional>

#include "scheduler/base/text.h"
#include "tools/sim/import.h"
#include "tools/sim/job_list.h"
#include "tools/sim/table.h"

namespace gusu::sim {
namespace {

using Json = nlohmann::json;

// 2017-10-01 00:00:00 in the log's own zone, in which all its times are told.
constexpr std::int64_t kOriginMs = 1'506'816'000'000;

// "2017-10-07 01:53:12"; none where the log has none.
std::optional<Duration> time_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) {
        return std::nullopt;
    }
    std::string text = found->get<std::string>();
    if (text.size() != 19) {
        return std::nullopt;
    }
    text[10] = 'T';
    const auto time = parse_time(text + "Z", Time{});
    return time ? std::optional(Duration(to_milliseconds(*time) - kOriginMs)) : std::nullopt;
}

std::string text_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int gpus_of(const Json& attempt) {
    int gpus = 0;
    const auto detail = attempt.find("detail");
    if (detail == attempt.end() || !detail->is_array()) {
        return 0;
    }
    for (const Json& node : *detail) {
        if (node.is_object() && node.contains("gpus") && node["gpus"].is_array()) {
            gpus += static_cast<int>(node["gpus"].size());
        }
    }
    return gpus;
}

// The time of all its attempts together, on the GPUs of the last that had any. None: it never ran.
std::optional<ListedJob> read_job(const Json& job) {
    const auto submitted = time_of(job, "submitted_time");
    const auto attempts = job.find("attempts");
    if (!submitted || attempts == job.end() || !attempts->is_array()) {
        return std::nullopt;
    }
    ListedJob listed{.id = text_of(job, "jobid"),
                     .submit = *submitted,
                     .duration = Duration(0),
                     .models = {},
                     .tenant = text_of(job, "vc"),
                     .user = text_of(job, "user"),
                     .kind = "train"};
    for (const Json& attempt : *attempts) {
        if (!attempt.is_object()) {
            continue;
        }
        const auto start = time_of(attempt, "start_time");
        const auto end = time_of(attempt, "end_time");
        if (start && end && *end > *start) {
            listed.duration += *end - *start;
        }
        if (const int gpus = gpus_of(attempt); gpus > 0) {
            listed.gpus = gpus;
        }
    }
    const bool has_run = listed.gpus > 0 && listed.duration > Duration(0);
    return has_run ? std::optional(std::move(listed)) : std::nullopt;
}

}  // namespace

Result<Imported> import_philly(const std::vector<std::string>& files) {
    std::vector<ListedJob> jobs;
    std::size_t left_out = 0;
    for (const std::string& file : files) {
        const auto text = read_all(file);
        if (!text) {
            return text.error();
        }
        const Json log = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
        if (!log.is_array()) {
            return Error{ErrorCode::InvalidArgument,
                         file + ": not a JSON list of jobs; give cluster_job_log as published"};
        }
        for (const Json& job : log) {
            auto listed = job.is_object() ? read_job(job) : std::nullopt;
            if (listed) {
                jobs.push_back(std::move(*listed));
            } else {
                ++left_out;
            }
        }
    }
    return Imported{.csv = to_csv(jobs), .jobs = jobs.size(), .left_out = left_out};
}

}  // namespace gusu::sim
