// What a run means, in numbers: waiting, completion, use, by tenant and by size.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "scheduler/base/result.h"
#include "tools/sim/replayed.h"
#include "tools/sim/site.h"
#include "tools/sim/trace.h"

namespace gusu::sim {

// The value below or at which so many thousandths of the sorted values are: nearest rank. Zero of
// none.
Duration percentile(const std::vector<Duration>& sorted, std::int64_t thousandths);

// Waiting is completion less the pure duration, so it has what preemption cost in it.
nlohmann::ordered_json report_of(const Trace& trace, const Site& site, const Replayed& run);

// The numbers at the top of a report, for people.
std::string as_table(const nlohmann::ordered_json& report);

// To a file, or "-" for the standard output.
Status write_report(const nlohmann::ordered_json& report, const std::string& path);

const char* word(Policy policy);
const char* word(Knowledge knowledge);

}  // namespace gusu::sim
