// Jobs as users write them: "1042", "1042_7", arrays "0-9,20-40:5".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scheduler/base/result.h"
#include "scheduler/core/command.h"
#include "scheduler/core/model/state.h"

namespace gusu::wire {

inline constexpr int kMostArrayIndices = 100'000;
inline constexpr int kHighestArrayIndex = 1'000'000'000;

// "1042", or "1042_7" for element 7 of array 1042.
std::string job_id_text(const core::State& state, const core::Job& job);
// Of any id the state may still know: a job, an element or a whole array.
std::string job_id_text(const core::State& state, JobId id);

Result<core::JobRef> parse_job_ref(std::string_view text);

// "0-9", "1,3,5-7", "0-100:10"; ascending.
Result<std::vector<int>> parse_array_indices(std::string_view text);

}  // namespace gusu::wire
