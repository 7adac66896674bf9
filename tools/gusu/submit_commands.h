// gusu submit, run and wait.
#pragma once

#include <string>
#include <vector>

#include "tools/gusu/job_spec.h"
#include "tools/gusu/session.h"

namespace gusu::cli {

enum class Afterwards { Nothing, Wait, Follow };

struct Submission {
    JobWords words;
    std::string request_id;
    bool dry_run = false;
    Afterwards afterwards = Afterwards::Nothing;
    // How long an outage of the scheduler is borne while waiting; as the user wrote it.
    std::string reconnect_for;
};

int submit(Session& session, Submission submission);
int run(Session& session, Submission submission);

struct Waiting {
    std::vector<std::string> job_ids;
    std::string timeout;
    std::string reconnect_for;
};
int wait(Session& session, const Waiting& waiting);

// What the job's end means for a shell: its exit code, 128 + signal, 1 for other failures.
int exit_code_of(const v1::Job& job);

// "" leaves the patience as it is.
Status set_outage(Client& client, const std::string& reconnect_for);

}  // namespace gusu::cli
