// Commands: what somebody wants. decide() answers each with events, or refuses it and changes
// nothing.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scheduler/core/event.h"

namespace gusu::core {

// Who asks. Rights are looked up in the state when the command is decided.
struct Caller {
    std::string user;
};

// A job, an array, or one element of it.
struct JobRef {
    JobId job;
    std::optional<int> array_index;
};

struct DependsOn {
    DependencyCondition condition = DependencyCondition::AfterOk;
    std::vector<JobRef> jobs;
    std::vector<int> siblings;  // earlier jobs of the same batch, by their place in it
};

struct Submission {
    JobSpec spec;  // spec.demand without its tenant; the state keeps one object of each demand
    std::string tenant;  // path; empty: the only tenant the caller may submit to
    std::vector<int> array_indices;
    int array_max_running = 0;
    Hold hold = Hold::None;
    std::vector<DependsOn> dependencies;  // become spec.dependencies
};

// All or none. A batch of one is a single job.
struct SubmitJobs {
    Caller caller;
    std::string request_id;
    std::vector<Submission> submissions;
};
struct CancelJobs {
    Caller caller;
    std::vector<JobRef> jobs;
};
struct HoldJobs {
    Caller caller;
    std::vector<JobRef> jobs;
};
struct ReleaseJobs {
    Caller caller;
    std::vector<JobRef> jobs;
};

struct CreateTenant {
    Caller caller;
    std::string path;
    TenantDescription description;
};
struct UpdateTenant {
    Caller caller;
    std::string path;
    // Absent fields stay as they are.
    std::optional<std::string> display_name;
    std::optional<TenantStatus> status;
    std::optional<int> max_pending_jobs;
    std::optional<int> max_running_jobs;
    std::optional<Labels> labels;
    std::optional<DataClass> data_class = {};
};
struct DeleteTenant {
    Caller caller;
    std::string path;
};
struct SetQuota {
    Caller caller;
    std::string tenant;
    std::string accelerator;
    std::optional<Amount> guaranteed;
    std::optional<Amount> limit;
    std::optional<Amount> lendable;
    std::optional<int> guaranteed_nodes = {};
    enum class Limit { Keep, Clear } clear_limit = Limit::Keep;
    // Stops preemptible jobs of the tenant until it is within its limit.
    enum class Reclaim { No, Yes } reclaim = Reclaim::No;
};

struct DrainNode {
    Caller caller;
    std::string node;
    std::string reason;
    std::optional<Time> at = {};  // none, or one that has passed: at once
};
struct ResumeNode {
    Caller caller;
    std::string node;
};
struct LabelNode {
    Caller caller;
    std::string node;
    Labels labels;  // merged; an empty value takes the label away
};

struct CreateReservation {
    Caller caller;
    std::string request_id;  // asked again with the same one, it is there already
    std::string name;
    std::vector<std::string> nodes;  // by name, ...
    Labels node_labels;              // ... and all that carry these now; empty: none
    Time starts;
    Duration lasts{0};
    Duration every{0};   // 0: once
    std::string tenant;  // path; empty: nobody's jobs may be there
    std::string reason;
    // Jobs that run there, may not be stopped, and would be there when it begins.
    enum class Running { Refuse, RunOn } running = Running::Refuse;
};
struct DeleteReservation {
    Caller caller;
    std::string name;
};

struct GrantRole {
    Caller caller;
    std::string user;
    Role role = Role::Researcher;
    std::string tenant;  // path; empty: platform
};
struct RevokeRole {
    Caller caller;
    std::string user;
    Role role = Role::Researcher;
    std::string tenant;
};
struct IssueToken {
    Caller caller;
    TokenRecord token;  // created and expires are set by decide() from `lifetime`
    Duration lifetime{0};
};
struct RevokeToken {
    Caller caller;
    std::string id;
};

// From the service itself, not from people.
// Nodes known from before are out of touch until they connect again, at most for `lease`.
struct TakeLeadership {
    Duration lease{60'000};
};
struct SetCatalogue {
    std::vector<Accelerator> accelerators;
};
struct SetPolicy {
    Policy policy;
};
// The first administrator, when the platform is set up: all platform roles, no questions asked.
struct FoundPlatform {
    TokenRecord token;
};
// One-time tokens: once used, they are good for the same key and no other.
struct UseNodeToken {
    std::string id;
    std::string node;
    std::string key;  // SHA-256, hexadecimal, of the public key
};

struct TaskObservation {
    IncarnationId incarnation;
    int task = 0;
    TaskState
        state;  // TaskRunning::since and TaskEnded::at are ignored; the time of the command counts
    // Not empty: its node is to take no more work, and this is why.
    std::string drain = {};
};
struct JoinNode {
    NodeDescription description;
    std::string boot_id;
    std::string session;
    std::vector<TaskObservation> tasks;  // everything the agent knows of
};
// The node offers something else than when it joined: a device has failed, or come back.
struct DescribeNode {
    NodeDescription description;
    std::string session;
};
// Of the named session only; a later one of the same node is not touched.
struct LoseContact {
    std::string node;
    std::string session;
    Duration lease{60'000};
};
struct ObserveTasks {
    std::string node;
    std::string session;
    std::vector<TaskObservation> tasks;
};
// A task said that the work of its job is saved. May be told again and again.
struct ReportCheckpoint {
    std::string node;
    std::string session;
    IncarnationId incarnation;
    int task = 0;
    Duration ago{0};  // when it said so
};

using Command =
    std::variant<SubmitJobs, CancelJobs, HoldJobs, ReleaseJobs, CreateTenant, UpdateTenant,
                 DeleteTenant, SetQuota, DrainNode, ResumeNode, LabelNode, GrantRole, RevokeRole,
                 IssueToken, RevokeToken, TakeLeadership, SetCatalogue, SetPolicy, FoundPlatform,
                 UseNodeToken, JoinNode, LoseContact, ObserveTasks, ReportCheckpoint,
                 CreateReservation, DeleteReservation, DescribeNode>;

}  // namespace gusu::core
