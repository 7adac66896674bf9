// How each event changes the state. Private to scheduler/core/apply.
//
// Nothing here refuses: an event that does not fit the state is our own bug, and check() says so.
#pragma once

#include "scheduler/base/check.h"
#include "scheduler/core/model/state.h"

namespace gusu::core {

struct State::Apply {
    State& state;
    Time at;

    // platform.cc
    void operator()(const LeadershipTaken& event);
    void operator()(const CatalogueChanged& event);
    void operator()(const PolicyChanged& event);
    void operator()(const RoleGranted& event);
    void operator()(const RoleRevoked& event);
    void operator()(const TokenIssued& event);
    void operator()(const TokenRevoked& event);
    void operator()(const CountersRestored& event);
    void operator()(const HistoryRestored& event);

    // tenants.cc
    void operator()(const TenantCreated& event);
    void operator()(const TenantUpdated& event);
    void operator()(const TenantDeleted& event);
    void operator()(const QuotaChanged& event);
    void operator()(const BorrowingRestored& event);

    // nodes.cc
    void operator()(const NodeJoined& event);
    void operator()(const NodeContactLost& event);
    void operator()(const NodeLost& event);
    void operator()(const NodeDrained& event);
    void operator()(const NodeDrainPlanned& event);
    void operator()(const NodeResumed& event);
    void operator()(const NodeLabelled& event);
    void operator()(const NodeRestored& event);
    void set_contact(Node& node, const Contact& contact);

    // reservations.cc
    void operator()(const ReservationCreated& event);
    void operator()(const ReservationDeleted& event);
    void operator()(const WindowOpened& event);
    void operator()(const WindowClosed& event);
    Reservation& reservation(const std::string& name);
    void note_windows(const Reservation& reservation);
    void forget_windows(const Reservation& reservation);
    void put_window(NodeId node, Window window);
    void drop_window(NodeId node, const std::string& reservation);
    // Its nodes are there for all; what waits may find room.
    void offer(const Reservation& reservation);
    void plan_drain(Node& node, const std::optional<PlannedDrain>& drain);
    // Takes the waiting jobs of the tenant out of the queue; requeue() puts them back.
    std::vector<JobId> unqueue_below(TenantId tenant);
    void requeue(const std::vector<JobId>& jobs);

    // jobs.cc
    void operator()(const JobSubmitted& event);
    void operator()(const JobHeld& event);
    void operator()(const JobReleased& event);
    void operator()(const JobPlaced& event);
    void operator()(const TaskChanged& event);
    void operator()(const JobNominated& event);
    void operator()(const NominationEnded& event);
    void operator()(const JobCheckpointed& event);
    void operator()(const JobShrunk& event);
    void operator()(const JobStopRequested& event);
    void operator()(const JobEnded& event);
    void operator()(const JobRequeued& event);
    void operator()(const JobsForgotten& event);
    void operator()(const JobRestored& event);
    void operator()(const ArrayRestored& event);

    // ledger.cc: what placed jobs hold of nodes, quota and counts.
    enum class Taken { Now, Before };
    void hold(const Job& job, Taken taken);
    void release(const Job& job);
    // One task has left; the others stay.
    void leave(const Job& holder, int rank);
    void vacate(const Job& holder, int rank);
    void reopen(std::map<NodeId, Room> before);
    // Books what the job's tenant and those above it use more, or less.
    enum class Charge { More, Less };
    void charge(const Job& holder, const GpuNeed& gpus, Charge charge);
    void book_firm(const Job& holder);
    void count_all_firm();
    void count_firm(const Tenant& tenant, const std::string& accelerator, Charge charge);
    void account(Tenant& tenant);
    void hope_to_take_from(const Tenant& tenant, const GpuNeed& used_before);
    void note_borrower(const Tenant& tenant);
    void count(const Job& job, int pending, int running);
    // Nodes with these devices: one more, or one fewer.
    void count_devices(const NodeDescription& node, int nodes);
    void index(const Node& node);
    void count_typical(const Demand& demand, std::int64_t jobs);
    void measure_room(Node& node);
    // More can be had there than when so much was free.
    void offer(const Node& node, std::optional<Room> before = {});
    void hope_for_node(const Node& node, std::optional<Room> before);

    // whole_nodes.cc: which nodes could be given whole.
    void note_holding(const Node& node);
    void note_all_holdings();
    void guarantee_nodes(TenantId owner, const std::string& accelerator, int nodes);

    // enclosures.cc: who shares nodes with nobody else, and who is where.
    void enclose(Tenant& tenant);
    // The class of its data has changed, and so of what is below it.
    void enclose_anew(TenantId changed);
    void count_occupants();
    void comes(const Job& job, NodeId node, Taken taken);
    void goes(const Job& job, NodeId node);

    // fast_failures.cc: how tasks went on their nodes.
    void note_how_it_went(const Job& job, const PlacedTask& task, Time began);
    void does_well(Node& node);
    void suspect(const Node& node);

    // queue.cc: where waiting jobs stand, and what the end of a job means to others.
    void is_ready_now(Job& job);
    void enqueue(const Job& job);
    void dequeue(const Job& job);
    void leave_array_slot(const Job& job);
    void admit(JobId array);
    bool give_slot_back(Throttle& throttle, JobId after);
    void take_array_slot(const Job& nominated);
    void into_queue(const Job& job);
    void out_of_queue(const Job& job);
    // All that are in it, which then are not.
    std::vector<JobId> leave_queue();
    void end_nomination(JobId job);

    // stoppable.cc: running jobs that may be stopped for others.
    void may_be_stopped(Job& running);
    void may_no_longer_be_stopped(Job& running);
    void turn(Job& running);
    bool some_may_be_stopped(const Tenant& tenant) const;

    void note_deadline(const Job& job);

    // held_places.cc
    // A placed job, around whatever changes when it ends.
    void note_end(const Job& placed);
    void forget_end(const Job& placed);
    void let_go(JobId job);

    void add_dependencies(Job& job);
    void settle_dependents(const Job& ended);
    void tell_dependents(JobId ended);

    Job& job(JobId id);
    Node& node(NodeId id);
    Tenant& tenant(TenantId id);
    void given(std::uint64_t id);
    std::shared_ptr<const JobSpec> with_shared_demand(const std::shared_ptr<const JobSpec>& spec);
    void remember_request(const std::shared_ptr<const JobSpec>& spec, JobId id, int position);
    void forget_request(const JobSpec& spec, JobId id);
    void forget(JobId id);
    void end_attempt(Job& job, const Ending& ending);
    void learn(const Job& ended, EndReason reason);
};

}  // namespace gusu::core
