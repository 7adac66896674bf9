// The state of the platform: the fold of all events, and the indexes that make decisions quick.
//
// It is changed by apply() alone, which never refuses. Everything here is ordered, so that two states
// made from the same events are walked in the same order.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "scheduler/core/event.h"
#include "scheduler/core/model/pending.h"

namespace gusu::core {

class State {
public:
    State();

    // The jobs a request id has made: (user, request id) -> job or array ids by position.
    using RequestKey = std::pair<std::string, std::string>;

    void apply(const Event& event);

    // Events that make an equal state from an empty one: the snapshot.
    Events as_events() const;

    const std::map<JobId, Job>& jobs() const { return jobs_; }
    const std::map<JobId, Array>& arrays() const { return arrays_; }
    const std::map<TenantId, Tenant>& tenants() const { return tenants_; }
    const std::map<NodeId, Node>& nodes() const { return nodes_; }
    const std::map<std::string, Accelerator>& catalogue() const { return catalogue_; }
    const Directory& directory() const { return directory_; }
    const PendingJobs& pending() const { return pending_; }
    // Ended jobs still in memory, the first to end first.
    const std::set<std::pair<Time, JobId>>& ended() const { return ended_; }
    // Nodes out of touch, by the end of their lease.
    const std::set<std::pair<Time, NodeId>>& leases() const { return leases_; }
    std::uint64_t epoch() const { return epoch_; }
    std::uint64_t next_id() const { return next_id_; }
    // Time of the last event.
    Time last_event() const { return last_event_; }
    // Changes whenever a node, device, label or runtime comes or goes.
    std::uint64_t inventory_version() const { return inventory_version_; }

    // nullptr if there is none.
    const Job* job(JobId id) const;
    const Array* array(JobId id) const;
    const Tenant* tenant(TenantId id) const;
    const Tenant* tenant(const std::string& path) const;
    const Node* node(NodeId id) const;
    const Node* node(const std::string& name) const;
    // The job an incarnation belongs to, while it is placed.
    const Job* job_of(IncarnationId incarnation) const;
    const std::vector<JobId>* request(const std::string& user, const std::string& request_id) const;
    // Jobs that wait for this one to end.
    const std::vector<JobId>* dependents(JobId id) const;
    // Nodes with devices of this accelerator ("" for all nodes), those with least free first:
    // (free milli-GPUs, or free milli-CPUs for ""; node).
    const std::set<std::pair<std::int64_t, NodeId>>& nodes_by_room(const std::string& accelerator) const;
    // Accelerators some node has or had, and whether they are simulated.
    const std::map<std::string, Reality>& accelerators_seen() const { return accelerators_seen_; }

    // Moves waiting jobs whose time has come to the queue. Derived from `now` alone, so not an event.
    void wake(Time now) { pending_.wake(now); }
    // Bookkeeping of the scheduling step; see pending.h.
    PendingJobs& queue() { return pending_; }

private:
    struct Apply;  // one function an event; apply/*.cc

    std::map<JobId, Job> jobs_;
    std::map<JobId, Array> arrays_;
    std::map<TenantId, Tenant> tenants_;
    std::map<std::string, TenantId> tenant_by_path_;
    std::map<NodeId, Node> nodes_;
    std::map<std::string, NodeId> node_by_name_;
    std::map<std::string, Accelerator> catalogue_;
    std::map<std::string, Reality> accelerators_seen_;
    Directory directory_;
    PendingJobs pending_;
    std::map<IncarnationId, JobId> job_by_incarnation_;
    std::map<RequestKey, std::vector<JobId>> requests_;
    std::map<JobId, std::vector<JobId>> dependents_;
    std::map<std::string, std::set<std::pair<std::int64_t, NodeId>>> nodes_by_room_;
    std::set<std::pair<Time, JobId>> ended_;
    std::set<std::pair<Time, NodeId>> leases_;
    std::set<std::shared_ptr<const Demand>, bool (*)(const std::shared_ptr<const Demand>&,
                                                     const std::shared_ptr<const Demand>&)>
        demands_;
    std::uint64_t epoch_ = 0;
    std::uint64_t next_id_ = 1;
    std::uint64_t inventory_version_ = 0;
    Time last_event_;
};

}  // namespace gusu::core
