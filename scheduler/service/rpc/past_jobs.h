// Jobs that have left the state: read from the history, seen by whom the state would show them to.
#pragma once

#include <string>
#include <vector>

#include "gusu/v1/job.pb.h"
#include "scheduler/core/command.h"
#include "scheduler/core/model/state.h"
#include "scheduler/store/history.h"

namespace gusu::service {

// Whose jobs a user sees, taken from the state once, so that the history can be read without it.
struct Sight {
    std::string user;
    bool everything = false;
    std::vector<std::string> tenants;  // with everything below them

    bool sees(const store::HistoryRow& row) const;
};
Sight sight_of(const core::State& state, const std::string& user);

// "suda/nlp" is within "suda" and within "suda/nlp".
bool is_within(const std::string& path, const std::string& tenant);

// Reads of a disk: not for the threads of gRPC or the engine.
Result<v1::Job> past_job(store::History& history, const Sight& sight,
                         const core::JobRef& reference);
// Takes away what Detail::Brief leaves out.
void make_brief(v1::Job& job);

}  // namespace gusu::service
