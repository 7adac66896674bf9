// gusu jobs, show, explain, logs, cancel, hold, release.
#pragma once

#include <string>
#include <vector>

#include "scheduler/base/time.h"
#include "tools/gusu/session.h"

namespace gusu::cli {

Time wall_now();

struct JobsQuery {
    std::vector<std::string> states;
    bool all = false;
    std::string tenant;
    std::string user;
    // At most so many; 0: all of them.
    int limit = 0;
    // Again every two seconds.
    bool watch = false;
};
int jobs(Session& session, const JobsQuery& query);

int show_job(Session& session, const std::string& job_id);
int explain(Session& session, const std::string& job_id);

// Which stream of the job, and where its bytes go.
enum class LogTo { Stdout, StderrOnStdout, Stderr };

struct LogsQuery {
    std::string job_id;
    int task = 0;
    int attempt = 0;
    int tail = 0;
    bool follow = false;
    LogTo stream = LogTo::Stdout;
    std::string reconnect_for = "";
};
// The bytes of the log and nothing else.
int logs(Session& session, const LogsQuery& query);

int cancel(Session& session, const std::vector<std::string>& job_ids);
int hold(Session& session, const std::vector<std::string>& job_ids);
int release(Session& session, const std::vector<std::string>& job_ids);

}  // namespace gusu::cli
