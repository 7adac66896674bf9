// Jobs: what is asked, and one state at a time of what became of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "scheduler/base/boxed.h"
#include "scheduler/base/ids.h"
#include "scheduler/base/time.h"
#include "scheduler/core/model/node.h"
#include "scheduler/core/model/resources.h"

namespace gusu::core {

enum class Priority { Low, Normal, High };
enum class Preemption { Forbidden, Allowed };
enum class Spread { Anywhere, DistinctNodes };
enum class Runtime { Process, Container };
// Exclusive: nothing else runs on the job's nodes meanwhile.
enum class Sharing { Shared, Exclusive };
enum class Closeness { Preferred, Required };

// How close together the nodes of a job are: all in one domain, where nodes with the same value of
// a label are one, and nodes without it are in none.
struct Topology {
    std::string level;  // the node label that tells the domain
    Closeness closeness = Closeness::Preferred;
    // For one domain, before what is preferred is given up. 0: where none has room, at once.
    Duration wait{0};

    friend auto operator<=>(const Topology&, const Topology&) = default;
};

struct TaskGroup {
    std::string name;
    int tasks = 1;
    int min_tasks = 0;  // above 0 it is elastic: with so many it may start and go on
    Resources per_task;
    std::vector<std::string> accelerators;  // preferred first; empty: any
    Spread spread = Spread::Anywhere;
    Labels node_labels;
    std::string spread_over =
        {};  // node label over whose values the tasks are spread evenly, or empty
    // Of a device that is cut; `per_task` has what it counts for. Each task has one.
    std::optional<SliceProfile> slice = {};

    friend auto operator<=>(const TaskGroup&, const TaskGroup&) = default;
};

// All that decides when and where a job may start, and nothing else: jobs of equal demand form one
// class, are tested once, and share one object.
struct Demand {
    TenantId tenant;
    Priority priority = Priority::Normal;
    Preemption preemption = Preemption::Forbidden;
    Runtime runtime = Runtime::Process;
    // Short jobs borrow freely; see policy/quota.h.
    std::optional<Duration> time_limit;
    Sharing sharing = Sharing::Shared;
    std::optional<Topology> topology = {};
    std::vector<TaskGroup> groups;

    friend auto operator<=>(const Demand&, const Demand&) = default;

    bool is_elastic() const;
    int tasks() const;
    Resources total() const;
};

enum class DependencyCondition {
    AfterOk,
    AfterAny,
    AfterNotOk,
    AfterCorr,  // of an array on an array: each element on that of its index
    Singleton,  // on all earlier jobs of the same name, user and tenant; names none
};

struct Dependency {
    DependencyCondition condition = DependencyCondition::AfterOk;
    std::vector<JobId> jobs;  // jobs or whole arrays

    friend bool operator==(const Dependency&, const Dependency&) = default;
};

struct RetryPolicy {
    int retries = 0;
    Duration backoff{10'000};          // before the first retry; doubles with each, at most an hour
    std::vector<int> exit_codes = {};  // only these are tried again; empty: all
    std::vector<int> final_exit_codes = {};  // these are not

    friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

struct JobSpec {
    std::string name;
    std::string user;
    // The client's id for the submission this job came with; a batch shares one.
    std::string request_id;
    std::shared_ptr<const Demand> demand;
    std::vector<Dependency> dependencies;
    RetryPolicy retry;
    std::string stop_signal = "TERM";
    Duration stop_grace{30'000};
    Time begin;                         // the epoch: at once
    std::optional<Time> deadline = {};  // by which it must have ended
    // What only the agent and the user read (command, environment, ...): carried as it came.
    std::string payload;
};

// An array has an id of its own; its elements follow it: element k (by position) is array.value + 1
// + k.
struct ArrayMembership {
    JobId array;
    int index = 0;  // as the user numbered it
};

enum class EndReason {
    Completed,
    ExitCode,
    TimedOut,
    NodeLost,
    OutOfMemory,
    Preempted,
    DeviceFault,
    LaunchFailed,
    DependencyFailed,
    CancelledByUser,
    CancelledByAdmin,
    Deadline,
};

// How a task or a job came to its end.
struct Ending {
    EndReason reason = EndReason::Completed;
    int exit_code = 0;
    int signal = 0;
    std::string detail;

    friend bool operator==(const Ending&, const Ending&) = default;
};

enum class Hold { None, ByUser, ByAdmin };

struct Waiting {
    Time since;
    Time not_before;  // begin time, or the end of a back-off
    Hold hold = Hold::None;
    int open_dependencies = 0;  // jobs it still waits for
    // When nothing of its own kept it any more: begin time, hold, dependencies.
    Time ready = {};
    // Its place in the tenant, see policy/order.h; as it was when it came into the queue.
    int lane = 0;
    int work = 0;
};

// A task that was ordered but of which the agent has said nothing yet, ...
struct TaskOrdered {};
// ... that the agent has written down (it will never be started a second time), ...
struct TaskStarting {};
struct TaskRunning {
    Time since;
};
struct TaskEnded {
    Time at;
    Ending ending;
};
using TaskState = std::variant<TaskOrdered, TaskStarting, TaskRunning, TaskEnded>;

// A part of a device, or all of it.
struct DevicePart {
    std::string accelerator;
    int device = 0;  // position in NodeDescription::devices
    int milli = 0;   // 1000 for a whole device
    Slices slices = 0;

    friend bool operator==(const DevicePart&, const DevicePart&) = default;
};

// What an exclusive job keeps of a node beyond what its tasks there ask for: all the rest, so that
// nothing else fits. It is held and charged as if they asked for it; they do not see it.
struct KeptIdle {
    Amount milli_cpus;
    Amount memory;
    std::vector<DevicePart> devices;

    friend bool operator==(const KeptIdle&, const KeptIdle&) = default;
};

// One task on its node.
struct PlacedTask {
    int group = 0;  // position in Demand::groups
    NodeId node;
    std::string accelerator;   // empty without GPUs
    std::vector<int> devices;  // positions in NodeDescription::devices
    int milli_per_device = 0;  // 1000 for whole devices
    Slices slices = 0;         // of a device that is cut
    TaskState state;
    // When it was told to go so that others have its room, which is free as soon as it has ended.
    // The attempt goes on without it.
    std::optional<Time> leaving = {};
    KeptIdle idle = {};  // with the first task of an exclusive job on each node

    // Calls visit(DeviceShare) for all that is held.
    template <typename Visit>
    void each_share(Visit visit) const {
        for (const int device : devices) {
            visit(DeviceShare{device, milli_per_device, slices});
        }
        for (const DevicePart& part : idle.devices) {
            visit(DeviceShare{part.device, part.milli, part.slices});
        }
    }
    // Of all these.
    std::int64_t milli_gpus() const;
    // CPUs and memory held of the node, where a task asks for so much.
    Resources holds(const Resources& each) const;
    // Until when it held its room; nullopt as long as it does: to the end of the attempt.
    std::optional<Time> left() const;
};

// Nothing of tasks without GPUs, or that have left.
GpuNeed gpus_held(const std::vector<PlacedTask>& tasks);
// What they held from then to then, in milli-GPU milliseconds.
std::int64_t milli_gpu_ms(const std::vector<PlacedTask>& tasks, Time from, Time until);

// Tasks that an elastic job does without.
struct Shrink {
    JobId job;
    IncarnationId incarnation;
    std::vector<int> ranks;  // ascending

    friend bool operator==(const Shrink&, const Shrink&) = default;
};

// Why a placed job is being brought to its end.
struct Stopping {
    Time since;
    Ending because;      // what the attempt ends as
    bool saved = false;  // its work is: there is nothing to wait for
};

// Among the running jobs that may be stopped for others.
struct Stoppable {
    int lane_down = 0;            // negative: the highest lane first
    std::int64_t since_down = 0;  // negative: the latest first
    JobId job;
    int work = 0;  // expected until its end, in half doublings, as it was when it came here

    friend auto operator<=>(const Stoppable& a, const Stoppable& b) {
        return std::tie(a.lane_down, a.since_down, a.job) <=>
               std::tie(b.lane_down, b.since_down, b.job);
    }
};

struct Placed {
    IncarnationId incarnation;
    Time since;
    std::vector<PlacedTask> tasks;  // by rank
    Boxed<Stopping> stopping = {};
    std::optional<Time> running_since = {};  // when the last task had started
    std::optional<Time> checkpointed = {};   // when it last said that its work is saved

    // Kept by apply/stoppable.cc.
    Boxed<Stoppable> stoppable = {};
    Time turns_at = kNever;  // when that is to be looked at again
};

struct Finished {
    Time at;
    Ending ending;
};

using JobState = std::variant<Waiting, Placed, Finished>;

// A finished attempt, for `gusu show` and for the lanes.
struct PastAttempt {
    IncarnationId incarnation;
    Time placed;
    std::optional<Time> running_since;
    Time ended;
    Ending ending;
    std::vector<PlacedTask> tasks;
    std::optional<Time> checkpointed = {};  // when it last said that its work is saved

    // What it was served since its work was last saved, in milli-GPU milliseconds. Lost, if the
    // attempt was stopped.
    std::int64_t unsaved_milli_gpu_ms() const;
};

struct Job {
    JobId id;
    std::shared_ptr<const JobSpec> spec;
    std::optional<ArrayMembership> array;
    Time submitted;
    int attempt = 1;
    int retries_used = 0;  // attempts that failed; a preemption is none
    JobState state;
    std::vector<PastAttempt> past;  // the newest last; at most kAttemptsRemembered
    std::int64_t milli_gpu_ms = 0;  // held by past attempts

    const Demand& demand() const { return *spec->demand; }
    bool is_waiting() const { return std::holds_alternative<Waiting>(state); }
    bool is_placed() const { return std::holds_alternative<Placed>(state); }
    bool is_finished() const { return std::holds_alternative<Finished>(state); }
};

// An array as a whole. Kept as long as one of its elements is.
struct Array {
    JobId id;
    std::shared_ptr<const JobSpec> spec;  // of all its elements
    std::vector<int> indices;             // ascending
    int max_running = 0;                  // 0: no throttle
    // Counted by apply().
    int running = 0;     // elements placed now
    int unfinished = 0;  // elements that wait or are placed
    int succeeded = 0;
    int remembered = 0;  // elements still in the state
};

// The element that the user numbered so; nullopt if there is none.
std::optional<JobId> element_of(const Array& array, int index);

// Milli-GPUs that the job holds while it is placed; before, what its tasks ask for.
std::int64_t milli_gpus(const Job& job);

// When a waiting job that prefers one domain takes what there is; kNever if it waits for none.
Time widens_at(const Job& job);
// What it asks for then: one domain if there is one with room.
Demand widened(const Demand& demand);
// When a placed job will have ended by its time limit and its grace; kNever if nobody can tell.
Time expected_end(const Job& placed);

// Of a job with a deadline: when it must start at the latest.
Time latest_start(const Job& job);

inline constexpr std::size_t kAttemptsRemembered = 8;

}  // namespace gusu::core
