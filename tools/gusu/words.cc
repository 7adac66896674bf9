#include "tools/gusu/words.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "proto/text/json.h"
#include "scheduler/base/text.h"
#include "tools/gusu/catalogue.h"
#include "tools/gusu/display_width.h"
#include "tools/gusu/session.h"

namespace gusu::cli {
namespace {

using google::protobuf::util::TimeUtil;

std::string formatted(const char* format, double value) {
    char text[64];
    const int size = std::snprintf(text, sizeof text, format, value);
    return std::string(text, static_cast<std::size_t>(std::clamp(size, 0, 63)));
}

}  // namespace

std::string number(double value) {
    std::string text = formatted("%.3f", value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) {
        text.pop_back();
    }
    return text == "-0" ? "0" : text;
}

std::string hours(double value) { return formatted("%.2f", value); }

std::string local_time(const google::protobuf::Timestamp& time) {
    if (time.seconds() == 0 && time.nanos() == 0) {
        return "-";
    }
    const std::time_t seconds = time.seconds();
    std::tm parts{};
    char text[64];
    if (localtime_r(&seconds, &parts) == nullptr ||
        std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts) == 0) {
        return TimeUtil::ToString(time);
    }
    return text;
}

std::string duration(const google::protobuf::Duration& value) {
    return format_duration(Duration(TimeUtil::DurationToMilliseconds(value)));
}

std::string state_word(v1::JobState state) { return say(text::enum_text(state)); }
std::string state_word(v1::NodeState state) { return say(text::enum_text(state)); }

std::string kind_word(v1::JobKind kind) {
    std::string word =
        text::enum_text(kind == v1::JOB_KIND_UNSPECIFIED ? v1::JOB_KIND_TRAINING : kind);
    std::ranges::transform(word, word.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return word;
}

std::string elapsed(const v1::Job& job, Time now) {
    if (!job.has_started_at()) {
        return "";
    }
    const std::int64_t start = TimeUtil::TimestampToMilliseconds(job.started_at());
    const std::int64_t end = job.has_ended_at() ? TimeUtil::TimestampToMilliseconds(job.ended_at())
                                                : to_milliseconds(now);
    return format_duration(Duration(std::max<std::int64_t>(end - start, 0)));
}

std::string reason(const v1::Job& job) {
    if (job.state() == v1::JOB_STATE_PENDING) {
        return text::enum_text(job.wait_reason());
    }
    if (job.end_reason() == v1::END_REASON_COMPLETED) {
        return "";
    }
    std::string text = text::enum_text(job.end_reason());
    if (job.end_reason() == v1::END_REASON_EXIT_CODE) {
        text += job.signal() != 0 ? " signal " + std::to_string(job.signal())
                                  : " " + std::to_string(job.exit_code());
    }
    return text;
}

std::string accelerator_name(std::string_view name, bool simulated) {
    return std::string(name) + (simulated ? " (" + say("simulated") + ")" : "");
}

std::string details(const std::vector<std::pair<std::string, std::string>>& lines) {
    int widest = 0;
    for (const auto& [heading, value] : lines) {
        widest = value.empty() ? widest : std::max(widest, display_width(heading));
    }
    std::string text;
    for (const auto& [heading, value] : lines) {
        if (value.empty()) {
            continue;
        }
        const auto missing = static_cast<std::size_t>(widest - display_width(heading));
        text += heading + std::string(missing + 2, ' ') + printable(value) + "\n";
    }
    return text;
}

std::string bold(std::string_view text) {
    return Session::has_colour() ? "\033[1m" + std::string(text) + "\033[0m" : std::string(text);
}

}  // namespace gusu::cli
