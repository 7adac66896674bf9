// The machine below the tasks: it starts their supervisors, finds them again, and tells what
// becomes of them.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "agent/daemon/node_settings.h"
#include "agent/daemon/task.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

// Who hears what happens to supervisors.
class TaskWatcher {
public:
    virtual ~TaskWatcher() = default;
    // The program runs.
    virtual void started(const TaskKey& key) = 0;
    // What keeps a task that is starting, in words.
    virtual void waits_for(const TaskKey& key, const std::string& what) = 0;
    // The supervisor is over; told again when something of the task that was left is gone.
    virtual void over(const TaskKey& key) = 0;
    // The supervisor has written down that the task's work is saved.
    virtual void saved(const TaskKey& key) = 0;
};

class TaskHost {
public:
    virtual ~TaskHost() = default;
    // Once, before anything else. From inside the calls below the watcher hears nothing.
    virtual void watch_for(TaskWatcher& watcher) = 0;

    // An error is why the program never ran.
    virtual Status start(const TaskKey& key, const v1::Launch& launch) = 0;
    // Of a supervisor that was started or taken over, and of which over() was not told.
    virtual Status stop(const TaskKey& key, const StopRequest& request) = 0;
    // How it ended, by the supervisor's record; without one `otherwise` is its launch error. None
    // as long as something of it is left, as a process that does not go, or the site's epilog.
    virtual std::optional<ExitRecord> exit_of(const TaskKey& key, const std::string& otherwise) = 0;
    // Supervisors stop their tasks then (by since_boot()), unless they are told of a later time.
    virtual void let_run_until(Duration time) = 0;
    virtual Result<std::optional<SavesRecord>> saves(const TaskKey& key) = 0;
    virtual bool has_started(const TaskKey& key) const = 0;
    virtual bool has_log(const LogName& name) const = 0;
    // Logs and scratch stay.
    virtual void remove_files(const TaskKey& key) = 0;

    // What an agent before this one left. First all supervisors are looked for, ...
    virtual void find_supervisors() = 0;
    // ... then those of known tasks are taken over (false: there is none), ...
    virtual bool take_over(const TaskKey& key) = 0;
    // ... and what belongs to no known task is ended and removed.
    virtual void remove_strays(const std::set<std::string>& known) = 0;
};

}  // namespace gusu::agent
