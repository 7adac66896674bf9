// The tasks of this machine: supervisors as processes, what they write as files, found by the event
// loop.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "agent/daemon/device/device_grant.h"
#include "agent/daemon/event_loop.h"
#include "agent/daemon/exec/step_doors.h"
#include "agent/daemon/site_programs.h"
#include "agent/daemon/supervisor_process.h"
#include "agent/daemon/task_folder_watch.h"
#include "agent/daemon/task_host.h"

namespace gusu::agent {

class LocalTaskHost final : public TaskHost {
public:
    LocalTaskHost(const NodeSettings& settings, EventLoop& loop);
    ~LocalTaskHost() override;
    LocalTaskHost(const LocalTaskHost&) = delete;
    LocalTaskHost& operator=(const LocalTaskHost&) = delete;

    // Before a task starts on its devices. False: there is nothing to prepare, and the answer does
    // not come; else it comes later.
    using Granted = std::function<void(const Result<DeviceGrant>&)>;
    using PrepareDevices = std::function<bool(const v1::Launch& launch, const Granted& granted)>;
    void prepare_devices_by(PrepareDevices prepare) { prepare_devices_ = std::move(prepare); }
    // What the site does around each task. Outlives this one.
    void surround_by(SitePrograms& site) { site_ = &site; }

    // A pidfd of the supervisor of a task that is not over.
    Result<Descriptor> supervisor_of(const TaskKey& key) const;
    // Who hears what the tasks want to start in other tasks of their jobs.
    void serve_steps_by(StepDoors::Knocked knocked) { doors_.call(std::move(knocked)); }

    void watch_for(TaskWatcher& watcher) override { watcher_ = &watcher; }
    Status start(const TaskKey& key, const v1::Launch& launch) override;
    Status stop(const TaskKey& key, const StopRequest& request) override;
    std::optional<ExitRecord> exit_of(const TaskKey& key, const std::string& otherwise) override;
    void let_run_until(Duration time) override;
    Result<std::optional<SavesRecord>> saves(const TaskKey& key) override;
    bool has_started(const TaskKey& key) const override;
    bool has_log(const LogName& name) const override;
    void remove_files(const TaskKey& key) override;
    void find_supervisors() override;
    bool take_over(const TaskKey& key) override;
    void remove_strays(const std::set<std::string>& known) override;

private:
    struct Watched {
        Descriptor process;
        Descriptor started;
    };
    Status start_with(const TaskKey& key, const v1::Launch& launch, const DeviceGrant& grant);
    Status start_by_site(const TaskKey& key, const v1::Launch& launch);
    Status start_prepared(const TaskKey& key);
    void prolog_over(const TaskKey& key);
    void granted(const TaskKey& key, const v1::Launch& launch, const Result<DeviceGrant>& grant);
    enum class Fault { OfTheTask, OfTheNode };
    void refuse(const TaskKey& key, const std::string& why, Fault fault = Fault::OfTheTask);
    void watch_process(const TaskKey& key, const Watched& watched);
    void start_may_be_told(const TaskKey& key);
    void process_may_be_over(const TaskKey& key);
    std::optional<ExitRecord> end_of(const TaskKey& key, const std::string& otherwise);
    std::optional<ExitRecord> end_without_slice(const TaskKey& key, const std::string& otherwise);
    void appeared(const TaskKey& key, const std::string& file);
    void add_faults(const TaskKey& key, ExitRecord& exit) const;

    const NodeSettings& settings_;
    EventLoop& loop_;
    TaskWatcher* watcher_ = nullptr;
    PrepareDevices prepare_devices_;         // none: devices are as they are
    SitePrograms* site_ = nullptr;           // none: the site does nothing
    std::set<TaskKey> waiting_;              // for their devices to be prepared
    std::set<TaskKey> in_prolog_;            // and not told to stop
    std::map<TaskKey, ExitRecord> ended_;    // and are waited for by their epilog
    std::map<TaskKey, ExitRecord> refused_;  // after they were asked for
    TaskFolderWatch folders_;
    StepDoors doors_;
    std::map<TaskKey, Watched> watched_;
    std::map<std::string, Descriptor> found_;
};

}  // namespace gusu::agent
