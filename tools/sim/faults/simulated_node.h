// A machine: its clock, its disk, its process table. Survives the agent's process; a loss of power
// takes what runs and what no sync has reached.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "agent/daemon/task_host.h"
#include "agent/daemon/task_journal.h"
#include "tools/sim/faults/oracle.h"

namespace gusu::faults {

// What a task's program will do, by its job; from chance when it is launched.
struct Fate {
    Duration runs_for{0};
    int exit_code = 0;
    bool ignores_term = false;
    Duration hangs_for{0};  // in the kernel, after it was killed
    bool exits_at_launch = false;
    int saves = 0;
};

class SimulatedNode {
public:
    // Called when a supervisor that the present agent watches has something to tell.
    struct Watcher {
        std::function<void(const agent::TaskKey&)> started;
        std::function<void(const agent::TaskKey&)> over;
        std::function<void(const agent::TaskKey&)> saved;
    };

    SimulatedNode(Life& life, Oracle& oracle, int number);

    const std::string& name() const { return name_; }
    int number() const { return number_; }
    int gpus() const { return gpus_; }
    bool is_up() const { return is_up_; }
    const std::string& boot_id() const { return boot_id_; }
    Duration since_boot() const;
    // When its clock will show so much.
    Duration when(Duration since_boot) const;
    v1::NodeInventory inventory() const;

    void set_drift(double rate);
    void lose_power();
    void boot();
    void lose_device(int device) { lost_devices_.insert(device); }
    // True if some were gone.
    bool mend_devices() { return !std::exchange(lost_devices_, {}).empty(); }

    // The disk of the agent's journal.
    struct Disk {
        std::map<agent::TaskKey, agent::Task> tasks;
        std::uint64_t highest_epoch = 0;
        agent::Contact contact;
        std::string boot_id;
    };
    Disk& disk() { return disk_; }
    void sync() { synced_ = disk_; }
    void fill_disk(Duration until) { full_until_ = until; }
    void fail_all(Duration until) { fails_until_ = until; }
    bool disk_is_full() const;

    // Orders of a leader of that epoch are carried out.
    void obeys(std::uint64_t epoch);

    // The process table.
    void start_supervisor(const agent::TaskKey& key, const v1::Launch& launch);
    void stop_supervisor(const agent::TaskKey& key, const agent::StopRequest& request);
    // The kernel kills its program with it (PDEATHSIG); one that hangs stays.
    void kill_a_supervisor();
    bool has_supervisor(const agent::TaskKey& key) const;
    std::vector<agent::TaskKey> supervisors() const;
    // What supervisors go by when no agent is there.
    void let_run_until(Duration time) { lease_ends_ = time; }
    // False if something in it cannot be killed.
    bool kill_group(const agent::TaskKey& key);
    std::optional<agent::ExitRecord> exit_record(const agent::TaskKey& key) const;
    std::optional<agent::SavesRecord> saves(const agent::TaskKey& key) const;
    bool has_started(const agent::TaskKey& key) const;
    void remove_files(const agent::TaskKey& key);
    std::vector<agent::TaskKey> known() const;
    bool is_clean() const { return processes_.empty(); }

    void watch(Watcher watcher) { watcher_ = std::move(watcher); }
    void watch_task(const agent::TaskKey& key);
    // The agent's process is gone.
    void unwatch();

private:
    struct Process {
        v1::Launch launch;
        Fate fate;
        bool supervised = false;
        bool runs = false;  // the program, or what is left of it
        bool started = false;
        bool killed = false;
        bool watched = false;
        bool timed_out = false;
        Duration began{0};
        std::optional<Duration> kill_at;
        std::optional<agent::ExitRecord> exit;
        agent::SavesRecord saves;
    };
    Fate fate_of(const agent::TaskKey& key, const v1::Launch& launch);
    Process* process(const agent::TaskKey& key);
    void later(Duration wait, const agent::TaskKey& key, std::function<void(Process&)> what);
    void begin(const agent::TaskKey& key, Process& process);
    void keep_lease(const agent::TaskKey& key, Process& process);
    void save(const agent::TaskKey& key, Process& process);
    void stop(const agent::TaskKey& key, Process& process, Duration grace);
    void kill(const agent::TaskKey& key, Process& process);
    void end(const agent::TaskKey& key, Process& process, const agent::ExitRecord& how);
    void supervisor_over(const agent::TaskKey& key, Process& process);
    Program program(const agent::TaskKey& key) const {
        return {.node = number_, .incarnation = key.incarnation, .task = key.task};
    }

    Life& life_;
    Oracle& oracle_;
    const int number_;
    const std::string name_;
    int gpus_ = 4;
    std::set<int> lost_devices_;
    bool is_up_ = true;
    std::uint64_t boots_ = 0;
    std::string boot_id_;
    Duration booted_at_{0};
    double rate_ = 1;
    Disk disk_;
    Disk synced_;
    Duration full_until_{0};
    Duration fails_until_{0};
    std::map<agent::TaskKey, Process> processes_;
    Watcher watcher_;
    std::optional<Duration> lease_ends_;
    std::uint64_t obeyed_ = 0;
};

}  // namespace gusu::faults
