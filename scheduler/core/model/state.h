// The state of the platform: the fold of all events, and the indexes that make decisions quick.
//
// It is changed by apply() alone, which never refuses. Everything here is ordered, so that two
// states made from the same events are walked in the same order.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "scheduler/base/id_table.h"
#include "scheduler/core/event.h"
#include "scheduler/core/model/held_place.h"
#include "scheduler/core/model/node_index.h"
#include "scheduler/core/model/nodes_by_label.h"
#include "scheduler/core/model/occupants.h"
#include "scheduler/core/model/pending.h"
#include "scheduler/core/model/typical_tasks.h"
#include "scheduler/core/model/whole_nodes.h"
#include "scheduler/core/model/worth_table.h"

namespace gusu::core {

// Where a waiting job will be once those that hold the place are gone.
struct Nomination {
    std::vector<PlacedTask> tasks;
    std::vector<JobId> victims;
    Time until;
    std::vector<Shrink> shrinks = {};  // tasks that hold a part of the place
};

// Of one accelerator: what the tenants at the top have in firm use, and keep back besides; see
// policy/quota.h.
struct FirmUse {
    Amount used;
    Amount kept_back;
};

class State {
public:
    void apply(const Event& event);

    // Events that make an equal state from an empty one: the snapshot.
    Events as_events() const;

    const IdTable<JobId, Job>& jobs() const { return jobs_; }
    const std::map<JobId, Array>& arrays() const { return arrays_; }
    const IdTable<TenantId, Tenant>& tenants() const { return tenants_; }
    const IdTable<NodeId, Node>& nodes() const { return nodes_; }
    const std::map<std::string, Accelerator>& catalogue() const { return catalogue_; }
    const Directory& directory() const { return directory_; }
    const Policy& policy() const { return policy_; }
    const PendingJobs& pending() const { return pending_; }
    // Ended jobs still in memory, the first to end first.
    const std::set<std::pair<Time, JobId>>& ended() const { return ended_; }
    // Nodes out of touch, by the end of their lease.
    const std::set<std::pair<Time, NodeId>>& leases() const { return leases_; }
    // Nodes that were given up and have not come back.
    std::size_t lost_nodes() const { return lost_nodes_; }
    std::uint64_t epoch() const { return epoch_; }
    std::uint64_t next_id() const { return next_id_; }
    // Time of the last event.
    Time last_event() const { return last_event_; }
    // Changes whenever a node, device, label or runtime comes or goes.
    std::uint64_t inventory_version() const { return inventory_version_; }
    // Waiting jobs that are held or wait for others to end.
    const std::set<JobId>& apart() const { return apart_; }
    // Waiting jobs by the time before which they may not start.
    const std::set<std::pair<Time, JobId>>& sleeping() const { return sleeping_; }
    // Elements that wait because enough others of their array run.
    bool is_throttled(const Job& job) const;
    std::size_t throttled_jobs() const;
    // Waiting jobs that have waited for so long that they are ranked higher.
    const std::set<JobId>& aged() const { return aged_; }
    // What a waiting job asks for by now: of one domain no more than is there, once it has waited
    // for one as long as it would. Jobs are in the queue with this demand.
    DemandPointer asks_now(const Job& waiting) const;
    Time next_widening() const { return widening_.empty() ? kNever : widening_.begin()->first; }
    const History& history() const { return history_; }
    // Waiting jobs for which others are being stopped.
    const std::map<JobId, Nomination>& nominations() const { return nominations_; }
    // Running jobs that may be stopped for others now, by the tenant at the top of the tree and
    // their own: the highest lane first, in it who was placed last, so that those who lose least
    // come first.
    struct StoppableJobs {
        std::map<TenantId, std::set<Stoppable>> of;
        std::map<int, int> in_lane;  // how many are in each lane that has some
    };
    const std::map<TenantId, StoppableJobs>& stoppable() const { return stoppable_; }
    // Tenants at the top that use more than their guarantees.
    const std::set<TenantId>& borrowers() const { return borrowers_; }
    // When the next of them comes into another lane, or has run for long enough to be stopped.
    Time next_turn() const { return turning_.empty() ? kNever : turning_.begin()->first; }
    Time next_aging() const { return aging_.empty() ? kNever : aging_.begin()->first; }
    // Jobs whose dependencies can never hold.
    const std::set<JobId>& doomed() const { return doomed_; }
    // Jobs with a deadline, by the time when it is too late for them: to start, or to go on.
    const std::set<std::pair<Time, JobId>>& deadlines() const { return deadlines_; }
    const std::map<std::string, Reservation>& reservations() const { return reservations_; }
    // Reservations by when their window begins or, while it is open, ends.
    const std::set<std::pair<Time, std::string>>& window_changes() const { return window_changes_; }
    // Planned drains.
    const std::set<std::pair<Time, NodeId>>& drains() const { return drains_; }
    // Of nodes that are not there for all: of each reservation the window that is open or the next.
    const std::map<NodeId, std::vector<Window>>& windows() const { return windows_; }
    // Running jobs of which is known by when they will have ended, by that time.
    const std::set<std::pair<Time, JobId>>& ends() const { return ends_; }
    // Notes of the scheduling step, see policy/held_places.h.
    const std::map<JobId, HeldPlace>& held_places() const { return held_places_; }
    // Jobs of which a task has ended since somebody last asked what follows from it.
    const std::set<JobId>& unsettled() const { return unsettled_; }
    const std::map<IncarnationId, JobId>& placed() const { return job_by_incarnation_; }

    // nullptr if there is none.
    const Job* job(JobId id) const;
    const Array* array(JobId id) const;
    const Tenant* tenant(TenantId id) const;
    const Tenant* tenant(const std::string& path) const;
    const Node* node(NodeId id) const;
    const Node* node(const std::string& name) const;
    // The job an incarnation belongs to, while it is placed.
    const Job* job_of(IncarnationId incarnation) const;
    // The jobs and arrays a request has made, by position in its batch; none for forgotten ones.
    const std::vector<JobId>* request(const std::string& user, const std::string& request_id) const;
    // The object that stands for this demand, or the given one if there is none yet.
    DemandPointer shared(const DemandPointer& demand) const;
    // Nodes that take work, by what is free on them, and what that is worth.
    const NodeIndex& open_nodes() const { return open_nodes_; }
    // Nodes by the values of a label they carry, whether or not they take work.
    const NodesByLabel::Values& nodes_by(const std::string& label) const {
        return nodes_by_label_.of(label, nodes_, inventory_version_);
    }
    const WholeNodes& whole_nodes() const { return whole_nodes_; }
    // Whether any tenant's data is sensitive. Only then it is counted who is where.
    bool somebody_is_enclosed() const { return !enclosures_.empty(); }
    const Occupants& occupants(NodeId node) const;
    // Nodes on which enough jobs have failed fast to ask whether it is for the node.
    const std::set<NodeId>& suspects() const { return suspects_; }
    // Not before this; kNever if there is nobody to be asked about.
    Time next_judgement() const;
    const TypicalTasks& typical_tasks() const { return typical_tasks_; }
    // Remembers what was computed from the two; never changes an answer.
    WorthTable& worth_table() const { return worth_table_; }
    // Milli-GPUs of all nodes, whether or not they are there now.
    const std::map<std::string, Amount>& gpus() const { return gpus_; }
    // How many nodes have so many devices of an accelerator, whether or not they are there now.
    const std::map<std::string, std::map<int, int>>& node_sizes() const { return node_sizes_; }
    // Devices of this accelerator on the smallest node that has so many of it; 0 if none has.
    int smallest_node(const std::string& accelerator, int at_least) const;
    FirmUse firm_use(const std::string& accelerator) const;
    // Accelerators some node has or had, and whether they are simulated.
    const std::map<std::string, Reality>& accelerators_seen() const { return accelerators_seen_; }

    // Moves waiting jobs whose time has come to the queue, and jobs whose rank changes with time to
    // their new places. Derived from `now` alone, so not an event.
    void wake(Time now);
    // Notes of the scheduling step about what it has looked at. Not part of what happened: a state
    // without them is looked at afresh.
    void park(const DemandPointer& demand, Parked parked) { pending_.park(demand, parked); }
    void close(const DemandPointer& demand) { pending_.close(demand); }
    void close_longer(const DemandPointer& demand, PendingJobs::Newcomers newcomers) {
        pending_.close_longer(demand, newcomers);
    }
    void hold(const HeldPlace& place) { held_places_[place.job] = place; }
    void let_go(JobId job);
    void reopen() { pending_.reopen(tree()); }
    void asked_in_vain(const DemandPointer& demand) { pending_.asked_in_vain(demand); }
    void hopes_are_asked() { pending_.hopes_are_asked(); }
    void hope_for(const DemandPointer& demand) { pending_.hope_for(demand); }
    void hope_for_gangs(const std::set<std::string>& accelerators) {
        pending_.hope_for_gangs(accelerators);
    }
    void hope_ends();
    // Whether somebody is still to be asked for whom others could be stopped.
    bool has_hope() const;
    // Nodes on which more can be had by stopping others than when it was asked last, and what was
    // free there then; unknown where more jobs may be stopped now.
    const std::map<NodeId, std::optional<Room>>& hopeful_nodes() const { return hopeful_nodes_; }
    void asked_about(NodeId node) { hopeful_nodes_.erase(node); }
    void ask_about(NodeId node) { hopeful_nodes_[node] = std::nullopt; }
    void settled(JobId job) { unsettled_.erase(job); }
    void suspects_are_judged(Time now);

private:
    struct Apply;  // one function an event; apply/*.cc

    PendingJobs::Tree tree() const;

    struct Request {
        std::vector<JobId> ids;
        std::size_t remembered = 0;
    };
    // Specs stand for their (user, request id), so that the names are kept once.
    struct RequestLess {
        using is_transparent = void;
        using Key = std::pair<std::string_view, std::string_view>;
        static Key key(const std::shared_ptr<const JobSpec>& spec) {
            return {spec->user, spec->request_id};
        }
        static Key key(const Key& key) { return key; }
        bool operator()(const auto& a, const auto& b) const { return key(a) < key(b); }
    };
    // Of an array that lets only some of its elements run at once.
    struct Throttle {
        std::set<JobId> admitted;
        std::set<JobId> waiting;
    };

    IdTable<JobId, Job> jobs_;
    std::map<JobId, Array> arrays_;
    IdTable<TenantId, Tenant> tenants_;
    std::map<std::string, TenantId> tenant_by_path_;
    IdTable<NodeId, Node> nodes_;
    std::map<std::string, NodeId> node_by_name_;
    std::map<std::string, Accelerator> catalogue_;
    std::map<std::string, Reality> accelerators_seen_;
    std::map<std::string, Amount> gpus_;
    std::map<std::string, std::map<int, int>> node_sizes_;
    FlatMap<std::string, FirmUse> firm_use_;
    Directory directory_;
    Policy policy_;
    PendingJobs pending_;
    std::map<IncarnationId, JobId> job_by_incarnation_;
    History history_;
    std::set<JobId> aged_;
    std::set<std::pair<Time, JobId>> aging_;
    std::set<JobId> widened_;
    std::set<std::pair<Time, JobId>> widening_;
    std::map<JobId, Nomination> nominations_;
    std::map<TenantId, StoppableJobs> stoppable_;
    std::set<TenantId> borrowers_;
    std::set<std::pair<Time, JobId>> turning_;
    std::map<NodeId, std::optional<Room>> hopeful_nodes_;
    std::map<std::shared_ptr<const JobSpec>, Request, RequestLess> requests_;
    std::map<JobId, std::vector<JobId>> dependents_;
    std::map<JobId, Throttle> throttles_;
    std::set<JobId> apart_;
    std::set<std::pair<Time, JobId>> sleeping_;
    std::set<JobId> doomed_;
    std::set<JobId> unsettled_;
    std::set<std::pair<Time, JobId>> deadlines_;
    std::set<std::pair<Time, JobId>> ends_;
    std::map<JobId, HeldPlace> held_places_;
    std::map<std::string, Reservation> reservations_;
    std::set<std::pair<Time, std::string>> window_changes_;
    std::set<std::pair<Time, NodeId>> drains_;
    std::map<NodeId, std::vector<Window>> windows_;
    NodeIndex open_nodes_;
    mutable NodesByLabel nodes_by_label_;
    WholeNodes whole_nodes_;
    std::set<TenantId> enclosures_;
    std::map<NodeId, Occupants> occupants_;
    std::set<NodeId> suspects_;
    std::optional<Time> judged_;
    TypicalTasks typical_tasks_;
    mutable WorthTable worth_table_;
    std::set<std::pair<Time, JobId>> ended_;
    std::set<std::pair<Time, NodeId>> leases_;
    std::size_t lost_nodes_ = 0;
    std::map<DemandPointer, std::size_t, DemandLess> demands_;  // and how many jobs ask it
    std::uint64_t epoch_ = 0;
    std::uint64_t next_id_ = 1;
    std::uint64_t inventory_version_ = 0;
    Time last_event_;
};

}  // namespace gusu::core
