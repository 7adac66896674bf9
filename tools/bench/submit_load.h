// Submissions as fast as they are answered, or at a given rate.
#pragma once

#include "tools/bench/report.h"
#include "tools/bench/target.h"

namespace gusu::bench {

enum class Afterwards { Keep, Cancel };

struct SubmitLoad {
    int clients = 8;
    int jobs = 10'000;
    int batch = 1;
    // Jobs a second that are sent whether or not answers come; 0: each client sends its next
    // request when the last is answered.
    double rate = 0;
    JobOptions job;
    Afterwards afterwards = Afterwards::Keep;
};

// A latency runs from when a request was due to when its answer came, so that a scheduler that
// stalls is charged for all that would have been sent meanwhile.
Result<Report> measure_submissions(const rpc::Endpoint& target, const SubmitLoad& load);

}  // namespace gusu::bench
