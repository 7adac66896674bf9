// An agent's process on a simulated node: the production's tasks, link and conversation between the
// simulated process table, disk and network.
#pragma once

#include <deque>
#include <memory>
#include <set>

#include "agent/daemon/conversation.h"
#include "tools/sim/faults/mortal.h"
#include "tools/sim/faults/simulated_connection.h"
#include "tools/sim/faults/simulated_node.h"

namespace gusu::faults {

class SimulatedAgent final : public AgentSide,
                             private agent::Timers,
                             private agent::TaskHost,
                             private agent::TaskJournal,
                             private agent::LinkNetwork,
                             private agent::LinkUser {
public:
    struct Surroundings {
        Life& life;
        SimulatedNode& node;
        SimulatedNetwork& network;
        SchedulerSide& scheduler;
    };
    // `name` of this start of the agent.
    SimulatedAgent(const Surroundings& around, std::string name);
    ~SimulatedAgent() override;
    SimulatedAgent(const SimulatedAgent&) = delete;
    SimulatedAgent& operator=(const SimulatedAgent&) = delete;

    // Takes over what is there, and connects. It may be dead afterwards.
    void start();
    // Stopped as by SIGSTOP: what comes meanwhile is taken afterwards, all at once.
    void pause(Duration until);
    void doom(std::int64_t effects) { mortal_.doom(effects); }
    bool dead() const { return mortal_.dead(); }
    // Its death is that of its machine, which reboots.
    bool takes_machine() const { return takes_machine_; }
    // It is gone; with its machine, if nobody closes its connection.
    void vanish(SimulatedConnection::Silence silence);
    void reset_connection();
    void lose_connection();
    std::size_t tasks_known() const { return tasks_.kept_files().tasks.size(); }

    void deliver(const std::shared_ptr<agent::LinkStream>& stream,
                 v1::ConnectResponse message) override;
    void over(const std::shared_ptr<agent::LinkStream>& stream, const Error& why) override;
    bool may(const char* effect) override { return mortal_.may(effect); }

private:
    // Everything the process does begins here: not while it is paused, not when it is dead.
    void run(Callback work);
    void turn();
    void check_lease_again();

    // Timers
    Clock::time_point now() const override;
    Duration since_boot() const override { return node_.since_boot(); }
    void at(Clock::time_point time, Callback callback) override;
    // TaskHost
    void watch_for(agent::TaskWatcher& watcher) override { watcher_ = &watcher; }
    Status start(const agent::TaskKey& key, const v1::Launch& launch) override;
    Status stop(const agent::TaskKey& key, const agent::StopRequest& request) override;
    std::optional<agent::ExitRecord> exit_of(const agent::TaskKey& key,
                                             const std::string& otherwise) override;
    void let_run_until(Duration time) override;
    Result<std::optional<agent::SavesRecord>> saves(const agent::TaskKey& key) override;
    bool has_started(const agent::TaskKey& key) const override;
    bool has_log(const agent::LogName&) const override { return false; }
    void remove_files(const agent::TaskKey& key) override;
    void find_supervisors() override;
    bool take_over(const agent::TaskKey& key) override;
    void remove_strays(const std::set<std::string>& known) override;
    // TaskJournal
    Result<std::vector<agent::Task>> tasks() override;
    std::uint64_t highest_epoch() const override { return node_.disk().highest_epoch; }
    agent::Contact contact() const override { return node_.disk().contact; }
    Status commit(const Changes& changes, Durability durability) override;
    Status note(const agent::Contact& contact) override;
    void open_journal();
    // LinkNetwork
    std::shared_ptr<agent::LinkStream> next_stream(agent::Link& link) override;
    // LinkUser
    v1::Hello hello() override { return conversation_.hello(node_.inventory()); }
    bool welcomed(const v1::Welcome& welcome) override { return conversation_.welcomed(welcome); }
    Status received(const v1::ConnectResponse& response) override;
    void heard(Duration at) override { conversation_.heard(at); }
    void parted() override {}

    Life& life_;
    SimulatedNode& node_;
    SimulatedNetwork& network_;
    SchedulerSide& scheduler_;
    Mortal mortal_;
    bool takes_machine_ = false;
    agent::TaskWatcher* watcher_ = nullptr;
    std::vector<agent::TaskKey> found_;
    std::optional<std::uint64_t> obeying_;  // the epoch of the orders
    std::shared_ptr<SimulatedConnection> connection_;
    Duration paused_until_{0};
    std::deque<Callback> waiting_;
    // Callbacks of a process that is gone find this expired.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    agent::Tasks tasks_;
    agent::Conversation conversation_;
    agent::Link link_;
};

}  // namespace gusu::faults
