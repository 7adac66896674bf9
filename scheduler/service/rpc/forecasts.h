// When jobs are likely to start: told to clients.
//
// Running the scheduler forward takes too long for the engine; it has a thread of its own, on a
// copy of what matters.
#pragma once

#include "gusu/v1/job.pb.h"
#include "scheduler/core/forecast.h"

namespace gusu::service {

void show_forecast(const core::Forecast& forecast, v1::StartForecast& shown);

}  // namespace gusu::service
