// Streams that outlive the scheduler they began with: after an outage they go on where they stood.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/base/result.h"
#include "tools/gusu/client.h"

namespace gusu::cli {

bool has_ended(v1::JobState state);

// The log of one task, each byte once and in order, to `write` (which says whether it could). With
// `follow`, until the job has ended, over retries of the job and restarts of the scheduler. An
// outage longer than the client's patience is Unavailable.
Status copy_log(Client& client, v1::ReadLogsRequest request,
                const std::function<bool(std::string_view)>& write);

// Jobs by id, as they were last seen.
using Jobs = std::map<std::string, v1::Job>;

struct WatchResult {
    Jobs jobs;
    bool out_of_time = false;
};

struct WatchOptions {
    std::vector<std::string> job_ids;
    std::optional<Retry::Clock::time_point> until = std::nullopt;
    // Called for each change; Stop ends the watch.
    std::function<Client::Go(const v1::Job&)> changed = [](const v1::Job&) {
        return Client::Go::On;
    };
};

// Until all named jobs have ended, `changed` says Stop, or `until`.
Result<WatchResult> watch_jobs(Client& client, const WatchOptions& options);

}  // namespace gusu::cli
