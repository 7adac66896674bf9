// Events: what happened. The journal is a list of them, and the state their fold; each says all
// that its application needs, so that the log can be read without the code that wrote it.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "scheduler/core/model/accelerator.h"
#include "scheduler/core/model/directory.h"
#include "scheduler/core/model/history.h"
#include "scheduler/core/model/job.h"
#include "scheduler/core/model/node.h"
#include "scheduler/core/model/policy.h"
#include "scheduler/core/model/reservation.h"
#include "scheduler/core/model/tenant.h"

namespace gusu::core {

// A scheduler has begun to lead. Orders of lower epochs are void.
struct LeadershipTaken {
    std::uint64_t epoch = 0;
};

struct CatalogueChanged {
    std::vector<Accelerator> accelerators;
};
struct PolicyChanged {
    Policy policy;
};

struct TenantCreated {
    TenantId tenant;
    TenantId parent;
    std::string path;
    TenantDescription description;
};
struct TenantUpdated {
    TenantId tenant;
    TenantDescription description;
};
struct TenantDeleted {
    TenantId tenant;
};
struct QuotaChanged {
    TenantId tenant;
    std::string accelerator;
    Quota quota;
};

// An agent connected: for the first time, or again. Another boot id than before means that nothing
// of before runs there.
struct NodeJoined {
    NodeId node;
    NodeDescription description;
    std::string boot_id;
    std::string session;
};
struct NodeContactLost {
    NodeId node;
    Time lease_ends;
    // Its lease has ended, and it is waited for until then, as many are out of touch.
    bool awaited = false;
};
// The lease is over: whatever ran there has stopped itself.
struct NodeLost {
    NodeId node;
};
struct NodeDrained {
    NodeId node;
    std::string reason;
    DrainCause cause = DrainCause::Operator;
};
struct NodeDrainPlanned {
    NodeId node;
    PlannedDrain drain;
};
// A planned drain is off too.
struct NodeResumed {
    NodeId node;
};
struct NodeLabelled {
    NodeId node;
    Labels labels;  // all labels set by operators, after the change
};

// In snapshots too, as it stands then.
struct ReservationCreated {
    Reservation reservation;
};
struct ReservationDeleted {
    std::string name;
};
struct WindowOpened {
    std::string reservation;
};
// Its nodes are there for all again.
struct WindowClosed {
    std::string reservation;
    std::optional<Time> next;  // when the next one begins; none: the reservation is over and gone
};

struct JobSubmitted {
    JobId job;  // of the job, or of the array
    std::shared_ptr<const JobSpec> spec;
    int position = 0;  // in its batch; (user, request_id, position) is unique
    // Not empty: an array of these indices.
    std::vector<int> array_indices;
    int array_max_running = 0;
    Hold hold = Hold::None;
};
struct JobHeld {
    JobId job;
    Hold hold = Hold::ByUser;
};
struct JobReleased {
    JobId job;
};
struct JobPlaced {
    JobId job;
    IncarnationId incarnation;
    std::vector<PlacedTask> tasks;
};
// These jobs are being stopped so that this one can be there, where nothing else goes meanwhile.
// Their stop requests come with it.
struct JobNominated {
    JobId job;
    std::vector<PlacedTask> tasks;
    std::vector<JobId> victims;
    Time until;  // if it is not placed by then, the nomination ends
    std::vector<Shrink> shrinks = {};
};
// These tasks of an elastic job are told to stop, and their room goes to another job; the attempt
// goes on without them.
struct JobShrunk {
    Shrink shrink;
    std::string detail;
};
// The job waits like any other again.
struct NominationEnded {
    JobId job;
};
// What the agent said of one task; only changes are recorded.
struct TaskChanged {
    JobId job;
    IncarnationId incarnation;
    int task = 0;
    TaskState state;
};
// The job said that its work is saved.
struct JobCheckpointed {
    JobId job;
    IncarnationId incarnation;
    Time saved;
};
struct JobStopRequested {
    JobId job;
    Ending because;
};

// What one attempt held, booked when it ends.
struct UsageRow {
    TenantId tenant;
    std::string user;
    std::string accelerator;  // empty: CPU only
    Amount milli_gpus;
    Amount milli_cpus;
    Time from;
    Time until;

    friend bool operator==(const UsageRow&, const UsageRow&) = default;
};

// An attempt is over and everything it held is free. Either the job has ended, or it waits again.
struct JobEnded {
    JobId job;
    IncarnationId incarnation;  // none if it never started
    Ending ending;
    std::vector<UsageRow> usage;
};
struct JobRequeued {
    JobId job;
    IncarnationId incarnation;
    Ending ending;
    Time not_before;
    std::vector<UsageRow> usage;
};
// Ended jobs leave the memory; the history keeps them.
struct JobsForgotten {
    std::vector<JobId> jobs;
};

struct RoleGranted {
    Grant grant;
};
struct RoleRevoked {
    Grant grant;
};
// A new one, or one as it stands after its node has enrolled.
struct TokenIssued {
    TokenRecord token;
};
struct TokenRevoked {
    std::string id;
};

// Only in snapshots: a whole object as it stands, and the counters from which ids are given.
// Elements of arrays come without a spec, after their array.
struct JobRestored {
    Job job;
    int position = 0;
};
struct ArrayRestored {
    Array array;
    int position = 0;
};
struct NodeRestored {
    NodeId node;
    NodeDescription description;
    std::string boot_id;
    Contact contact;
    std::optional<std::string> drained;
    Labels labels_set;
    std::optional<PlannedDrain> drains = {};
    DrainCause drain_cause = DrainCause::Operator;
    std::vector<FastFailure> fast_failures = {};
};
struct HistoryRestored {
    Likeness likeness;
    Past past;
};
struct BorrowingRestored {
    TenantId tenant;
    Decayed borrowed;
};
struct CountersRestored {
    std::uint64_t next_id = 1;  // of jobs, tenants, nodes and incarnations alike
    std::uint64_t epoch = 0;
};

using EventBody =
    std::variant<LeadershipTaken, CatalogueChanged, TenantCreated, TenantUpdated, TenantDeleted,
                 QuotaChanged, NodeJoined, NodeContactLost, NodeLost, NodeDrained, NodeResumed,
                 NodeLabelled, JobSubmitted, JobHeld, JobReleased, JobPlaced, TaskChanged,
                 JobStopRequested, JobEnded, JobRequeued, JobsForgotten, RoleGranted, RoleRevoked,
                 TokenIssued, TokenRevoked, JobRestored, ArrayRestored, NodeRestored,
                 CountersRestored, JobNominated, NominationEnded, HistoryRestored,
                 BorrowingRestored, JobCheckpointed, PolicyChanged, NodeDrainPlanned,
                 ReservationCreated, ReservationDeleted, WindowOpened, WindowClosed, JobShrunk>;

struct Event {
    Time at;
    EventBody body;
};

using Events = std::vector<Event>;

}  // namespace gusu::core
