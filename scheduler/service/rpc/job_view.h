// Jobs as callers see them: with the reason they wait for, and arrays as one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>

#include "gusu/v1/job.pb.h"
#include "scheduler/core/command.h"
#include "scheduler/core/scheduler.h"
#include "scheduler/wire/show.h"

namespace gusu::service {

v1::WaitReason shown_wait_reason(core::WaitReason reason);

v1::Job show_job(core::Scheduler& scheduler, const core::Job& job, Time now, wire::Detail detail);

// The array as one job: its spec says which elements it has, its state and numbers are those of all
// of them together.
v1::Job show_array(const core::State& state, const core::Array& array, Time now,
                   wire::Detail detail);

// What an id names in the state, whoever asks.
using Named = std::variant<std::monostate, const core::Job*, const core::Array*>;
Named find(const core::State& state, const core::JobRef& reference);
// The same if the user may see it; nothing else is told apart from nothing.
Named find_visible(const core::State& state, const std::string& user,
                   const core::JobRef& reference);

// Any job or array that find() gives.
v1::Job show(core::Scheduler& scheduler, const Named& named, Time now, wire::Detail detail);

Error no_such_job(const std::string& id);
bool has_ended(v1::JobState state);

// Shows many jobs: those that ask for the same wait for the same reason, which is looked for once.
class JobLister {
public:
    JobLister(core::Scheduler& scheduler, Time now) : scheduler_(scheduler), now_(now) {}

    v1::Job show(const core::Job& job, wire::Detail detail);
    wire::Waits waits(const core::Job& job);

private:
    core::Scheduler& scheduler_;
    Time now_;
    // Of all but the first of their class.
    std::map<const core::Demand*, wire::Waits> behind_;
};

}  // namespace gusu::service
