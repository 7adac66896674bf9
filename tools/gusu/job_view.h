// Jobs on a screen.
#pragma once

#include <string>

#include "gusu/v1/job_service.pb.h"
#include "scheduler/base/time.h"

namespace gusu::cli {

struct View {
    bool wide = false;
    // Columns; 0: no limit.
    int width = 0;
    Time now;
};

std::string job_table(const v1::ListJobsResponse& jobs, const View& view);
std::string job_details(const v1::Job& job, const View& view);
// Of a waiting job, or of one that is not submitted yet.
std::string forecast_text(const v1::StartForecast& forecast);
std::string explanation(const v1::ExplainJobResponse& answer);

}  // namespace gusu::cli
