// The scheduler's process: the production's decider and links to agents, between a simulated disk
// and the simulated network. What is on the disk survives it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/service/agents/agent_links.h"
#include "scheduler/service/engine/decider.h"
#include "tools/sim/faults/mortal.h"
#include "tools/sim/faults/oracle.h"
#include "tools/sim/faults/simulated_connection.h"

namespace gusu::faults {

// Of the journal: what append() has returned for stays; what it has not returned for may stay too.
struct SimulatedDisk {
    std::string snapshot;              // encoded, as the journal keeps it
    std::vector<std::string> records;  // after it, one a batch
    std::uint64_t events = 0;          // in these
    Duration full_until{0};
    Duration failing_until{0};
    Duration unsyncing_until{0};
    Duration slow_until{0};
    // Whoever starts to lead raises it, and whoever led before writes nothing any more.
    std::uint64_t term = 0;
    // Of a transaction of which nobody knows: when the next one starts to lead, it is there, or
    // not.
    std::vector<store::Batch> in_doubt;
};

class SimulatedScheduler final : public SchedulerSide, private service::CommandPort {
public:
    SimulatedScheduler(Life& life, Oracle& oracle, SimulatedDisk& disk);
    ~SimulatedScheduler() override;
    SimulatedScheduler(const SimulatedScheduler&) = delete;
    SimulatedScheduler& operator=(const SimulatedScheduler&) = delete;

    // Replays, takes leadership; it may be dead afterwards. `wall` is what the wall clock shows.
    // Agents may be in touch with the leader before it for so much `longer` than their lease.
    void start(Time wall, Duration longer);
    // Stopped as by SIGSTOP: what comes meanwhile is taken afterwards.
    void freeze(Duration until);
    // Its term: never used again.
    std::uint64_t number() const { return term_; }
    // Its store is out of reach; agents and clients are not.
    void cut_off(Duration until) { cut_off_until_ = std::max(cut_off_until_, until); }
    // By the store, whatever it believes.
    bool leads() const { return disk_.term == term_; }
    bool is_out_of_reach() const { return is_frozen() || life_.time.now() < cut_off_until_; }
    bool has_stepped_down() const { return stepped_down_; }
    bool is_frozen() const { return life_.time.now() < frozen_until_; }
    // Nobody else may lead before.
    Duration lease_ends() const { return renewed_at_ + kLeaderLease; }
    // It leads no more, and may not know it: what it writes just now may have come to the store.
    void is_replaced();

    static constexpr Duration kLeaderLease{4'000};
    // So long it keeps its agents in touch after that, when it cannot reach its store.
    static constexpr Duration kKeepTasksFor{180'000};
    void doom(std::int64_t effects) { mortal_.doom(effects); }
    bool dead() const { return mortal_.dead(); }
    void vanish();

    // As a client's call arrives.
    void submit(core::Command command, service::Prepare prepare) {
        post(std::move(command), service::Sender::Client, std::move(prepare));
    }
    core::Scheduler& core() { return decider_.scheduler(); }
    Time now() const { return base_ + (life_.time.now() - began_); }

    std::shared_ptr<SimulatedAgentStream> accept(
        const std::string& node, const std::shared_ptr<SimulatedConnection>& connection) override;
    bool may(const char* effect) override { return mortal_.may(effect); }

private:
    void post(core::Command command, service::Sender sender, service::Prepare prepare) override;
    void listen(service::Listener listener) override { decider_.listen(std::move(listener)); }
    std::uint64_t epoch() const override { return decider_.scheduler().state().epoch(); }

    void later(Duration wait, void (SimulatedScheduler::*what)());
    void step_down(const std::string& why);
    bool keeps_lease();
    void in_doubt(const std::vector<service::Decided>& group);
    void settle_doubts();
    bool replay();
    void decide_soon();
    void decide();
    void set_timer();
    void timer_comes();
    void check_silence_again();
    void check_streams();
    void check_leases();
    // The journal's thread.
    void write_next();
    void write_again();
    void written();
    std::string why_not() const;
    void store(const store::Batch& batch);
    void store(const std::vector<service::Decided>& group);

    Life& life_;
    Oracle& oracle_;
    SimulatedDisk& disk_;
    Mortal mortal_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    service::Decider decider_;
    std::unique_ptr<service::AgentLinks> links_;
    std::vector<std::shared_ptr<SimulatedConnection>> connections_;
    Time base_;
    Duration began_{0};
    std::vector<service::Work> work_;
    bool will_decide_ = false;
    Duration timer_at_ = Duration::max();
    std::string trouble_;
    std::deque<service::Decided> decided_;
    std::vector<service::Decided> writing_;
    bool is_writing_ = false;
    bool snapshot_due_ = false;
    std::uint64_t term_ = 0;
    bool stepped_down_ = false;
    Duration renewed_at_{0};
    Duration frozen_until_{0};
    Duration cut_off_until_{0};
    std::uint64_t batches_ = 0;
    int steps_due_ = 0;
    Duration untroubled_since_{0};
    // In touch all the same: in which session, and since when.
    std::map<NodeId, std::pair<std::string, Duration>> without_stream_;
};

}  // namespace gusu::faults
