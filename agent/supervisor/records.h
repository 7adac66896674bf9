// What the agent and a task's supervisor tell each other: small JSON files in the task's directory.
// A file appears whole or not at all; exit.json is on disk before it appears.
//
//   order.json  agent -> supervisor  what to run; written once, before the supervisor starts
//   stop.json   agent -> supervisor  how to stop; the agent then sends SIGUSR1
//   saves.json  supervisor -> agent  how often the task has said that its work is saved
//   lease       agent -> all supervisors of the node (its path is in order.json): until when tasks
//   may
//               run without the agent, by since_boot(). An agent that is gone or stopped cannot end
//               them, and the scheduler starts them elsewhere.
//   started     supervisor -> agent  the program runs; of a container gusu-container says so, and
//               since when, by since_boot()
//   exit.json   supervisor -> agent  how it ended; the very last thing that a supervisor does
//
// All may hold what only the task's owner may see, so they have mode 0600.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/base/result.h"
#include "scheduler/base/time.h"

namespace gusu::agent {

inline constexpr const char* kStarted = "started";

struct SupervisorOrder {
    std::vector<std::string> command;                // argv; looked up in PATH of `environment`
    std::map<std::string, std::string> environment;  // complete; nothing is inherited
    std::string workdir;                             // absolute
    std::string user;                                // "", and no uid: as the supervisor
    std::string output_log;                          // absolute
    std::string error_log;                           // absolute; "": stderr goes to output_log
    std::string output_copy;     // the user's file, opened as the task's user; relative to workdir
    std::string error_copy;      // "": none
    std::int64_t log_limit = 0;  // bytes per log; 0: none
    Duration time_limit{0};      // 0: none
    std::string stop_signal = "TERM";
    Duration stop_grace{30'000};
    std::string lease_file = {};  // "": none
    std::string cgroup;           // "gusu/NODE/17.0", see agent/cgroup/cgroup.h; "": none
    std::int64_t milli_cpus = 0;  // limits of the cgroup; 0: none
    std::int64_t memory = 0;
    std::string checkpoints;        // folder for the stop notice; "": none
    std::string checkpoint_socket;  // see checkpoint_socket.h; "": none
    // Of the cgroup: "controller", "bpf", or "" for none. Where one is asked for and cannot be set,
    // the task does not start.
    std::string device_filter;
    std::vector<std::string> devices;  // that it lets pass, as "c 195:0"
    std::int64_t uid = 0;              // in place of `user`, for one without an account; 0: none
    std::int64_t processes = 0;        // limit of the cgroup, with threads; 0: none
    // Namespaces (task_view.h) and a filter of system calls (syscall_filter.h). Where they are
    // asked for and cannot be had, the task does not start.
    bool walled = false;
    bool alone_in_job = false;        // no other task of its job is on the node; see socket_scope.h
    std::vector<std::string> hidden;  // see task_view.h
    std::vector<std::string> kept;
    // The program speaks for a container (agent/container/run.h), whose processes are in groups
    // below this one; "": it does not.
    std::string container_group = {};
    // What the task sees as /etc/passwd; "": what is there. Only behind a wall.
    std::string accounts = {};

    friend bool operator==(const SupervisorOrder&, const SupervisorOrder&) = default;
};

// Only a record with exit_code 0, signal 0 and no launch_error is a success.
struct ExitRecord {
    int exit_code = 0;
    int signal = 0;  // what ended the main program; 0: it ended by itself
    bool out_of_memory = false;
    bool timed_out = false;
    std::string launch_error;  // not "": the program never ran, and this is why
    Duration ran_for{0};
    // Of the agent's, in no exit.json. Not "": the end, or that it did not start, is the fault of
    // the node or of a device of it, ...
    std::string device_fault = {};
    // ... and this is why the node is to take no more work.
    std::string drain = {};

    friend bool operator==(const ExitRecord&, const ExitRecord&) = default;
};

struct StopRequest {
    std::string signal;    // "TERM", "SIGINT", "10"
    Duration grace{0};     // then SIGKILL
    std::string why = {};  // "PREEMPTED", ...: for the program

    friend bool operator==(const StopRequest&, const StopRequest&) = default;
};

// A task that an elastic job is to do without. The notice for the whole job is not for it.
inline constexpr const char* kShrunk = "SHRUNK";

struct SavesRecord {
    int count = 0;
    Duration at{0};  // of the last, by since_boot()

    friend bool operator==(const SavesRecord&, const SavesRecord&) = default;
};

Status write_order(const std::filesystem::path& directory, const SupervisorOrder& order);
Result<SupervisorOrder> read_order(const std::filesystem::path& directory);

Status write_exit(const std::filesystem::path& directory, const ExitRecord& exit);
// nullopt: there is no exit.json yet.
Result<std::optional<ExitRecord>> read_exit(const std::filesystem::path& directory);

Status write_stop(const std::filesystem::path& directory, const StopRequest& stop);
// nullopt: nobody has asked for a stop.
Result<std::optional<StopRequest>> read_stop(const std::filesystem::path& directory);

Status write_saves(const std::filesystem::path& directory, const SavesRecord& saves);
// nullopt: the task has not said so yet.
Result<std::optional<SavesRecord>> read_saves(const std::filesystem::path& directory);

// Written over in place, so that a full disk ends no task.
Status write_lease(const std::filesystem::path& file, Duration until);
// nullopt: nothing is known of one.
std::optional<Duration> read_lease(const std::filesystem::path& file);

// "TERM", "SIGTERM" and "15" are 15; anything that is no signal is an InvalidArgument.
Result<int> signal_number(const std::string& name);

}  // namespace gusu::agent
