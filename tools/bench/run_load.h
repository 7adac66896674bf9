// Jobs that do nothing, from submission to their end.
#pragma once

#include "tools/bench/report.h"
#include "tools/bench/target.h"

namespace gusu::bench {

struct RunLoad {
    int jobs = 1000;
    int batch = 1000;
    JobOptions job;
};
// All submitted in batches, then watched until the last has ended.
Result<Report> measure_runs(const rpc::Endpoint& target, const RunLoad& load);

// One after another on an idle platform. `seen` is from the begin of the submission until the
// client is told that the job runs (or ran); `started` until started_at, the scheduler's time of
// it, and means something only where the two share a clock.
Result<Report> measure_idle_starts(const rpc::Endpoint& target, int jobs, const JobOptions& job);

struct WatchLoad {
    int watchers = 100;
    int jobs = 100;
    JobOptions job;
};
// Every watcher watches all the jobs, which are released when all watch.
Result<Report> measure_watches(const rpc::Endpoint& target, const WatchLoad& load);

}  // namespace gusu::bench
