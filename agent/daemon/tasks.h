// The tasks of this node: owned by the event loop's thread, known to the journal, run by
// supervisors. Without files, processes and clock of its own.
//
// A task goes from Starting (journaled) by Running to Exited, is told to the scheduler at each
// step, and is forgotten when the scheduler no longer desires it. One once known is never started
// again.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/daemon/device/device_holders.h"
#include "agent/daemon/device/device_shelf.h"
#include "agent/daemon/reconcile.h"
#include "agent/daemon/task_host.h"
#include "agent/daemon/task_journal.h"
#include "agent/daemon/timers.h"

namespace gusu::agent {

// What the cleaner must not touch.
struct KeptFiles {
    std::set<std::string> tasks;  // "17.0"
    std::set<LogName> logs;
};

class Tasks final : public DeviceShelf, private TaskWatcher {
public:
    // The host hears of this one until the host is gone.
    Tasks(TaskHost& host, Timers& timers, TaskJournal& journal);
    Tasks(const Tasks&) = delete;
    Tasks& operator=(const Tasks&) = delete;

    // Takes over what an agent before this one left: tasks go on, or have ended meanwhile. Removes
    // what belongs to none. Once, before anything else.
    Status adopt();

    // An error means that nothing was done, and that the scheduler must say it again.
    Status obey(const v1::Desired& desired);
    // For an agent out of touch for too long: they may get `most` of their own grace.
    void stop_all(Duration most);
    // All may run until then without this agent; by since_boot().
    void let_run_until(Duration time) { host_.let_run_until(time); }
    // When all that is ready has been heard: ends and what is to be forgotten go to the journal.
    void round_over();

    std::uint64_t highest_epoch() const { return journal_.highest_epoch(); }
    // For Hello: every task. What was news is told by this.
    std::vector<v1::TaskObservation> tell_all();
    // What has changed since the last telling.
    std::vector<v1::TaskObservation> tell_news();

    enum class LogState { Unknown, Growing, Whole };
    LogState log_state(const LogName& name) const;
    KeptFiles kept_files() const;
    const DeviceHolders& device_holders() const { return device_holders_; }
    bool take_device(int index) override { return device_holders_.reserve(index); }
    void give_back_device(int index) override;
    void device_failed(int index, DeviceFailure how, const std::string& why) override;

private:
    struct Live {
        Task task;
        bool supervised = false;  // by a supervisor that is not over
        bool forget_at_end = false;
        bool look_is_due = false;  // for saves
        // To be started when the devices are free: those of before may not be gone yet.
        std::optional<v1::Launch> waits = {};
        std::optional<StopRequest> stop;
        std::string device_fault = {};  // what has become of a device that it holds
    };

    void started(const TaskKey& key) override;
    void waits_for(const TaskKey& key, const std::string& what) override;
    void over(const TaskKey& key) override;
    void saved(const TaskKey& key) override;

    Status journal(const v1::Desired& desired, const Actions& actions,
                   std::vector<Task>& new_tasks);
    void act(const Actions& actions, std::vector<Task> new_tasks);
    void start(Live& live, const v1::Launch& launch);
    void start_who_waited();
    void look_for_end(const TaskKey& key, const std::string& otherwise);
    void stop(Live& live, const StopRequest& request);
    void stop_by_own_rules(Live& live, Duration most, const std::string& why);
    void look_whether_stuck(const TaskKey& key);
    void kill(Live& live);
    void forget(const std::vector<TaskKey>& keys);

    void adopt_task(Task task);
    void look_for_start(const TaskKey& key);
    bool take_saves(Live& live);
    void set_running(Live& live);
    void set_exited(Live& live, const ExitRecord& exit);
    KnownPhases phases() const;

    TaskHost& host_;
    Timers& timers_;
    TaskJournal& journal_;
    std::map<TaskKey, Live> tasks_;
    DeviceHolders device_holders_;  // those of tasks_ that have not exited
    std::set<TaskKey> news_;
    // Exits that are not in the journal yet, and exited tasks nobody desires.
    std::set<TaskKey> unwritten_;
    std::vector<TaskKey> to_forget_;
    bool retry_is_due_ = false;
    bool room_came_ = false;
};

}  // namespace gusu::agent
