// When a waiting job is likely to start: this same scheduler run forward from now, on jobs that end
// as jobs like them have ended so far.
//
// Two steps, so that the long one needs no state that others change meanwhile: forecast_basis()
// copies what matters, forecast() runs it. Both are pure; equal input gives equal output, since
// "chance" is a number made from the ids. Jobs that come later are not counted: a forecast is what
// would happen if nobody else came.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "scheduler/core/command.h"
#include "scheduler/core/event.h"

namespace gusu::core {

class State;

struct ForecastBasis {
    Events state;  // makes the part of the state that matters
    Time now;
    std::int64_t waiting_left_out = 0;  // jobs that wait too, beyond those that are looked at
};

struct Forecast {
    // Of the runs, a tenth began before `earliest`, half before `likely` and nine tenths before
    // `latest`. Absent: in so many of them it did not start within kForecastHorizon.
    std::optional<Time> earliest;
    std::optional<Time> likely;
    std::optional<Time> latest;
    std::string basis;  // what it rests on, in words
};

inline constexpr Duration kForecastHorizon{30LL * 24 * 3'600'000};
// Waiting jobs that are looked at.
inline constexpr std::size_t kForecastWaiting = 2'000;

// For a job that waits, or for one that is yet to be submitted (none).
ForecastBasis forecast_basis(const State& state, std::optional<JobId> job, Time now);

// The job must be in the basis.
Forecast forecast(const ForecastBasis& basis, JobId job);
// Of a job of one submission that would be accepted.
Forecast forecast(const ForecastBasis& basis, const SubmitJobs& submission);

}  // namespace gusu::core
