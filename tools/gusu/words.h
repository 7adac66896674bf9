// Values of messages as people read them: the small change of tables and details.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gusu/v1/job.pb.h"
#include "gusu/v1/node.pb.h"
#include "scheduler/base/time.h"

namespace gusu::cli {

// "2", "0.25", "12.5": no digits that say nothing.
std::string number(double value);
// With two decimals, for hours.
std::string hours(double value);
// Local time, "2026-11-23 21:00:00"; "-" when unset.
std::string local_time(const google::protobuf::Timestamp& time);
std::string duration(const google::protobuf::Duration& value);

std::string state_word(v1::JobState state);
std::string state_word(v1::NodeState state);
std::string kind_word(v1::JobKind kind);

// How long it ran, or runs by now; "" before its first start.
std::string elapsed(const v1::Job& job, Time now);
// Why it waits, or how it ended: "BEHIND", "EXIT_CODE 3".
std::string reason(const v1::Job& job);

// "nvidia-h200 (simulated)"
std::string accelerator_name(std::string_view name, bool simulated);

// Aligned "Heading  value" lines; those with an empty value are left out.
std::string details(const std::vector<std::pair<std::string, std::string>>& lines);

// Large and clear on a terminal, plain elsewhere.
std::string bold(std::string_view text);

}  // namespace gusu::cli
