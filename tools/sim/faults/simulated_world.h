// A whole platform in one process, from one seed: scheduler, agents and clients, and the faults
// that come over them. First a time of faults, then a calm in which everything must come to rest.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tools/sim/faults/oracle.h"
#include "tools/sim/faults/simulated_agent.h"
#include "tools/sim/faults/simulated_clients.h"
#include "tools/sim/faults/simulated_scheduler.h"

namespace gusu::faults {

struct LifePlan {
    std::uint64_t seed = 1;
    int nodes = 4;
    Duration faulty{3'600'000};  // for so long there are faults
    Duration submit_every{20'000};
    std::set<Fault> only;  // empty: the seed chooses
    Telling told = Telling::No;
};

class SimulatedWorld {
public:
    explicit SimulatedWorld(const LifePlan& plan);
    ~SimulatedWorld();
    SimulatedWorld(const SimulatedWorld&) = delete;
    SimulatedWorld& operator=(const SimulatedWorld&) = delete;

    // To the end, or to the first thing that is wrong, which is returned; "" for none.
    std::string live();
    const Counts& counts() const { return life_.counts; }

private:
    struct Machine {
        Machine(Life& life, Oracle& oracle, int number) : node(life, oracle, number) {}
        SimulatedNode node;
        std::unique_ptr<SimulatedAgent> agent;
        int starts = 0;
        bool will_start = false;
        int crashes_left = 0;  // of a crash loop
    };
    bool live_until(Duration time);
    bool is_due_now() const;
    void bury();
    void bury_agent(Machine& machine);
    void start_scheduler(Duration longer);
    // Of a crash: as long as a leader of before may have agents, its successors wait for these.
    Duration wait_after_a_crash() const;
    void replace_when_its_lease_ends(Fault why);
    void replace_leader();
    void start_agent(Machine& machine);
    void agent_is_gone(Machine& machine);
    void power_is_lost(Machine& machine);
    Machine& any_machine();
    void let_come(Fault fault);
    void come(Fault fault);
    void befall_network(Fault fault);
    void befall_node(Fault fault);
    void befall_scheduler(Fault fault);
    void befall_leader(Fault fault);
    void befall_scheduler_or_agent();
    void calm_down();
    std::string what_goes_on() const;
    std::string why(const core::Job& job) const;

    const LifePlan plan_;
    Life life_;
    Oracle oracle_;
    SimulatedNetwork network_;
    SimulatedDisk disk_;
    SimulatedClients clients_;
    std::vector<std::unique_ptr<Machine>> machines_;
    // Where agents connect: to whoever leads now.
    class Door;
    std::unique_ptr<Door> door_;
    std::unique_ptr<SimulatedScheduler> scheduler_;
    std::vector<std::unique_ptr<SimulatedScheduler>> old_leaders_;  // who do not know it yet
    int scheduler_crashes_left_ = 0;
    Duration wall_offset_{1'800'000'000'000};
};

}  // namespace gusu::faults
