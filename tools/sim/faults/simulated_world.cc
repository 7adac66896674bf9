#include "tools/sim/faults/simulated_world.h"

#include <algorithm>

namespace gusu::faults {
namespace {

constexpr std::int64_t kMostEffectsAhead = 60;
constexpr int kMostMoments = 100;
constexpr Duration kLongestCut{180'000};
constexpr Duration kLongestPause{600'000};
constexpr Duration kLongestTrouble{120'000};
constexpr Duration kLongestCutOff = 2 * SimulatedScheduler::kKeepTasksFor;
constexpr Duration kLongestDown{30'000};
constexpr Duration kLongestFailing{600'000};
constexpr Duration kLongestPowerLoss{300'000};
constexpr Duration kYear{std::int64_t{365} * 86'400'000};
// What the agent has started before its machine goes may still begin.
constexpr Duration kLastBreath{500};
constexpr Duration kLookAgain{5'000};
// Every task ends within its time, its grace and its hang; a job within all its attempts.
constexpr Duration kLongestRest{4 * 3'600'000};

}  // namespace

class SimulatedWorld::Door final : public SchedulerSide {
public:
    explicit Door(SimulatedWorld& world) : world_(world) {}
    std::shared_ptr<SimulatedAgentStream> accept(
        const std::string& node, const std::shared_ptr<SimulatedConnection>& connection) override {
        SimulatedScheduler* leader = world_.scheduler_.get();
        // Agents ask one after the other, and believe who believes in itself.
        if (!world_.old_leaders_.empty() && world_.life_.dice.falls(0.5)) {
            leader = world_.old_leaders_.back().get();
        }
        if (leader == nullptr || leader->dead()) {
            return nullptr;
        }
        connection->served_by(*leader);
        return leader->accept(node, connection);
    }
    bool may(const char*) override { return true; }

private:
    SimulatedWorld& world_;
};

SimulatedWorld::SimulatedWorld(const LifePlan& plan)
    : plan_(plan),
      life_{.time = {},
            .dice = Dice(plan.seed),
            .climate = Climate(plan.seed, plan.only),
            .counts = {},
            .told = plan.told},
      oracle_(life_),
      network_(life_, plan.nodes),
      clients_(life_, oracle_, plan.submit_every),
      door_(std::make_unique<Door>(*this)) {
    for (int i = 0; i < plan.nodes; ++i) {
        machines_.push_back(std::make_unique<Machine>(life_, oracle_, i));
    }
}

SimulatedWorld::~SimulatedWorld() {
    clients_.reach(nullptr);
    machines_.clear();
    old_leaders_.clear();
    scheduler_.reset();
}

std::string SimulatedWorld::live() {
    start_scheduler(Duration(0));
    for (const auto& machine : machines_) {
        start_agent(*machine);
    }
    clients_.begin();
    for (std::size_t i = 0; i < kFaults; ++i) {
        let_come(static_cast<Fault>(i));
    }
    if (live_until(plan_.faulty)) {
        calm_down();
        const Duration most = life_.time.now() + kLongestRest;
        while (live_until(life_.time.now() + kLookAgain) && !what_goes_on().empty() &&
               life_.time.now() < most) {
        }
    }
    // What is due at this very moment is decided in the next one.
    for (int moments = 0; moments < kMostMoments && is_due_now(); ++moments) {
        live_until(life_.time.now() + Duration(1));
    }
    if (oracle_.verdict().empty() && scheduler_ != nullptr) {
        const std::string rest = what_goes_on();
        oracle_.expect(rest.empty(), "L1 everything ends once it is quiet", rest);
        oracle_.check_state(scheduler_->core(), scheduler_->now(), Oracle::Depth::Whole);
        oracle_.check_quiet(scheduler_->core().state());
    }
    life_.counts.events = life_.time.happened();
    life_.counts.lived = life_.time.now();
    return oracle_.verdict();
}

bool SimulatedWorld::is_due_now() const {
    return oracle_.verdict().empty() && scheduler_ != nullptr &&
           scheduler_->core().next_timer() <= scheduler_->now();
}

bool SimulatedWorld::live_until(Duration time) {
    while (oracle_.verdict().empty() && life_.time.go_on(time)) {
        bury();
    }
    return oracle_.verdict().empty();
}

// Processes that have died come back after a while.
void SimulatedWorld::bury() {
    std::erase_if(old_leaders_, [](const auto& each) { return each->dead(); });
    if (scheduler_ != nullptr && scheduler_->dead()) {
        clients_.reach(nullptr);
        life_.counts.of(Fault::SchedulerCrash) += scheduler_->has_stepped_down() ? 0 : 1;
        scheduler_.reset();
        life_.tell([] { return std::string("the scheduler is dead"); });
        const bool loops = scheduler_crashes_left_ > 0;
        life_.time.after(life_.dice.between(Duration(50), loops ? Duration(500) : kLongestDown),
                         [this] { start_scheduler(wait_after_a_crash()); });
    }
    for (const auto& machine : machines_) {
        if (machine->agent != nullptr && machine->agent->dead()) {
            bury_agent(*machine);
        }
    }
}

void SimulatedWorld::bury_agent(Machine& machine) {
    ++life_.counts.of(Fault::AgentCrash);
    life_.tell([&] { return "the agent of " + machine.node.name() + " is dead"; });
    const bool takes_machine = machine.agent->takes_machine();
    agent_is_gone(machine);
    if (takes_machine) {
        life_.time.after(life_.dice.between(Duration(0), kLastBreath),
                         [this, &machine] { power_is_lost(machine); });
    }
}

Duration SimulatedWorld::wait_after_a_crash() const {
    return old_leaders_.empty()
               ? Duration(0)
               : SimulatedScheduler::kLeaderLease + SimulatedScheduler::kKeepTasksFor;
}

void SimulatedWorld::replace_when_its_lease_ends(Fault why) {
    const Duration at = scheduler_->lease_ends() + Duration(life_.dice.upto(500));
    life_.time.at(at, [this, why, leader = scheduler_->number()] {
        const bool is_there =
            scheduler_ != nullptr && !scheduler_->dead() && scheduler_->number() == leader;
        if (is_there && scheduler_->is_out_of_reach() &&
            life_.time.now() >= scheduler_->lease_ends()) {
            ++life_.counts.of(why);
            replace_leader();
        }
    });
}

void SimulatedWorld::replace_leader() {
    clients_.reach(nullptr);
    scheduler_->is_replaced();
    old_leaders_.push_back(std::move(scheduler_));
    start_scheduler(wait_after_a_crash());
}

void SimulatedWorld::start_scheduler(Duration longer) {
    if (scheduler_ != nullptr) {
        return;
    }
    scheduler_ = std::make_unique<SimulatedScheduler>(life_, oracle_, disk_);
    life_.tell([] { return std::string("a scheduler starts"); });
    scheduler_->start(Time(wall_offset_ + life_.time.now()), longer);
    if (scheduler_crashes_left_ > 0 && scheduler_crashes_left_-- > 0) {
        scheduler_->doom(1 + life_.dice.upto(kMostEffectsAhead));
    }
    clients_.reach(scheduler_.get());
}

void SimulatedWorld::start_agent(Machine& machine) {
    machine.will_start = false;
    if (machine.agent != nullptr || !machine.node.is_up()) {
        return;
    }
    machine.agent = std::make_unique<SimulatedAgent>(
        SimulatedAgent::Surroundings{life_, machine.node, network_, *door_},
        "session-" + std::to_string(++machine.starts));
    if (machine.crashes_left > 0 && machine.crashes_left-- > 0) {
        machine.agent->doom(1 + life_.dice.upto(10));
    } else if (life_.befalls(Fault::CrashInRecovery)) {
        machine.agent->doom(1 + life_.dice.upto(3));
    }
    life_.tell([&] { return "an agent starts on " + machine.node.name(); });
    machine.agent->start();
}

void SimulatedWorld::agent_is_gone(Machine& machine) {
    machine.node.unwatch();
    machine.agent.reset();
    if (!std::exchange(machine.will_start, true)) {
        const bool loops = machine.crashes_left > 0;
        life_.time.after(life_.dice.between(Duration(50), loops ? Duration(500) : kLongestDown),
                         [this, &machine] { start_agent(machine); });
    }
}

void SimulatedWorld::power_is_lost(Machine& machine) {
    if (!machine.node.is_up()) {
        return;
    }
    if (machine.agent != nullptr) {
        machine.agent->vanish(SimulatedConnection::Silence::Yes);
        machine.agent.reset();
    }
    life_.tell([&] { return machine.node.name() + " loses power"; });
    machine.node.lose_power();
    life_.time.after(life_.dice.between(Duration(5'000), kLongestPowerLoss), [this, &machine] {
        machine.node.boot();
        start_agent(machine);
    });
}

SimulatedWorld::Machine& SimulatedWorld::any_machine() {
    const auto chosen = life_.dice.upto(static_cast<std::int64_t>(machines_.size()) - 1);
    return *machines_[static_cast<std::size_t>(chosen)];
}

void SimulatedWorld::let_come(Fault fault) {
    const auto every = life_.climate.every(fault);
    if (!every) {
        return;
    }
    life_.time.after(life_.dice.around(*every), [this, fault] {
        if (life_.climate.every(fault)) {
            life_.tell([&] { return std::string("fault: ") + name_of(fault); });
            come(fault);
            let_come(fault);
        }
    });
}

void SimulatedWorld::come(Fault fault) {
    switch (fault) {
        case Fault::OneWayPartition:
        case Fault::Partition:
        case Fault::Swizzle:
        case Fault::Reset:
        case Fault::HalfOpen:
        case Fault::MassReconnect:
            ++life_.counts.of(fault);
            befall_network(fault);
            break;
        case Fault::SchedulerCrash:  // counted when it happens
        case Fault::CrashLoop:
        case Fault::DiskFull:
        case Fault::WriteError:
        case Fault::FailedSync:
        case Fault::SlowDisk:
        case Fault::LeaderChange:
        case Fault::WallJump:
            befall_scheduler(fault);
            break;
        case Fault::FrozenLeader:  // counted when another leads
        case Fault::LeaderCutOff:
            befall_leader(fault);
            break;
        case Fault::QuotaChanged:
            ++life_.counts.of(fault);
            clients_.change_a_quota();
            break;
        default:
            befall_node(fault);
    }
}

void SimulatedWorld::befall_network(Fault fault) {
    Dice& dice = life_.dice;
    const Duration until = life_.time.now() + dice.between(Duration(100), kLongestCut);
    Machine& one = any_machine();
    switch (fault) {
        case Fault::OneWayPartition:
            network_.cut(one.node.number(), dice.falls(0.5) ? Way::ToAgent : Way::ToScheduler,
                         until);
            break;
        case Fault::Partition:
            for (const auto& machine : machines_) {
                if (dice.falls(0.5)) {
                    network_.cut(machine->node.number(), Way::ToAgent, until);
                    network_.cut(machine->node.number(), Way::ToScheduler, until);
                }
            }
            break;
        case Fault::Swizzle:
            for (const auto& machine : machines_) {
                life_.time.after(dice.between(Duration(0), Duration(20'000)),
                                 [this, number = machine->node.number(),
                                  ends = until + Duration(dice.upto(20'000))] {
                                     network_.cut(number, Way::ToAgent, ends);
                                     network_.cut(number, Way::ToScheduler, ends);
                                 });
            }
            break;
        case Fault::MassReconnect:
            for (const auto& machine : machines_) {
                if (machine->agent != nullptr) {
                    machine->agent->reset_connection();
                }
            }
            break;
        case Fault::Reset:
            if (one.agent != nullptr) {
                one.agent->reset_connection();
            }
            break;
        default:
            if (one.agent != nullptr) {
                one.agent->lose_connection();
            }
    }
}

void SimulatedWorld::befall_node(Fault fault) {
    Machine& one = any_machine();
    Dice& dice = life_.dice;
    if (fault == Fault::Drift) {
        ++life_.counts.of(fault);
        one.node.set_drift(0.99 + static_cast<double>(dice.upto(20)) / 1000);
        return;
    }
    if (fault == Fault::PowerLoss) {
        life_.counts.of(fault) += one.node.is_up() ? 1 : 0;
        power_is_lost(one);
        return;
    }
    if (fault == Fault::NodeFailsAll) {
        ++life_.counts.of(fault);
        one.node.fail_all(life_.time.now() + dice.between(Duration(1'000), kLongestFailing));
        return;
    }
    if (one.agent == nullptr) {
        return;
    }
    life_.counts.of(fault) += fault == Fault::AgentCrash ? 0 : 1;
    switch (fault) {
        case Fault::AgentCrash:
            one.agent->doom(1 + dice.upto(kMostEffectsAhead));
            break;
        case Fault::SupervisorCrash:
            one.node.kill_a_supervisor();
            break;
        case Fault::AgentPaused:
            one.agent->pause(life_.time.now() + dice.between(Duration(1), kLongestPause));
            break;
        case Fault::DeviceGone:
            one.node.lose_device(static_cast<int>(dice.upto(one.node.gpus() - 1)));
            one.agent->doom(1);
            break;
        default:
            break;
    }
}

void SimulatedWorld::befall_scheduler(Fault fault) {
    Dice& dice = life_.dice;
    const Duration until = life_.time.now() + dice.between(Duration(100), kLongestTrouble);
    life_.counts.of(fault) += fault == Fault::SchedulerCrash ? 0 : 1;
    switch (fault) {
        case Fault::SchedulerCrash:
            if (scheduler_ != nullptr) {
                scheduler_->doom(1 + dice.upto(kMostEffectsAhead));
            }
            break;
        case Fault::CrashLoop:
            (dice.falls(0.5) ? scheduler_crashes_left_ : any_machine().crashes_left) = 5;
            befall_scheduler_or_agent();
            break;
        case Fault::DiskFull:
            disk_.full_until = dice.falls(0.7) ? until : disk_.full_until;
            any_machine().node.fill_disk(until);
            break;
        case Fault::WriteError:
            disk_.failing_until = until;
            break;
        case Fault::FailedSync:
            disk_.unsyncing_until = until;
            break;
        case Fault::SlowDisk:
            disk_.slow_until = until;
            break;
        case Fault::LeaderChange:
            // In order only where somebody leads; else it is as after a crash.
            if (scheduler_ == nullptr) {
                start_scheduler(wait_after_a_crash());
                break;
            }
            clients_.reach(nullptr);
            scheduler_.reset();
            start_scheduler(Duration(0));
            break;
        case Fault::WallJump:
            wall_offset_ += Duration(kYear.count() * (dice.upto(20) - 10));
            break;
        default:
            break;
    }
}

void SimulatedWorld::befall_leader(Fault fault) {
    if (scheduler_ == nullptr || scheduler_->dead()) {
        return;
    }
    const Duration now = life_.time.now();
    if (fault == Fault::FrozenLeader) {
        scheduler_->freeze(now + life_.dice.between(Duration(1), kLongestPause));
    } else {
        scheduler_->cut_off(now + life_.dice.between(Duration(1), kLongestCutOff));
    }
    replace_when_its_lease_ends(fault);
}

// A loop begins with a first crash.
void SimulatedWorld::befall_scheduler_or_agent() {
    if (scheduler_crashes_left_ > 0 && scheduler_ != nullptr) {
        scheduler_->doom(1);
    }
    for (const auto& machine : machines_) {
        if (machine->crashes_left > 0 && machine->agent != nullptr) {
            machine->agent->doom(1);
        }
    }
}

void SimulatedWorld::calm_down() {
    life_.tell([] { return std::string("calm"); });
    life_.climate.calm();
    network_.heal();
    clients_.rest();
    scheduler_crashes_left_ = 0;
    disk_.full_until = disk_.failing_until = disk_.slow_until = disk_.unsyncing_until =
        life_.time.now();
    for (const auto& machine : machines_) {
        machine->crashes_left = 0;
        machine->node.fill_disk(life_.time.now());
        machine->node.fail_all(life_.time.now());
        machine->node.set_drift(1);
        if (machine->node.mend_devices() && machine->agent != nullptr) {
            machine->agent->doom(1);  // an agent says what it has when it starts
        }
    }
}

std::string SimulatedWorld::why(const core::Job& job) const {
    if (!job.is_waiting()) {
        return "attempt " + std::to_string(job.attempt);
    }
    const core::Constraint reason = scheduler_->core().first_reason(job, scheduler_->now());
    return reason.detail + " (" + std::to_string(job.demand().tasks()) + " tasks with " +
           std::to_string(core::milli_gpus(job)) + " milli-GPUs in all)";
}

// "" when everything has come to its end.
std::string SimulatedWorld::what_goes_on() const {
    if (scheduler_ == nullptr || clients_.is_waiting() || oracle_.anything_runs()) {
        return scheduler_ == nullptr   ? "there is no scheduler"
               : clients_.is_waiting() ? "a client has no answer"
                                       : oracle_.what_runs();
    }
    for (const auto& [id, job] : scheduler_->core().state().jobs()) {
        if (!job.is_finished()) {
            return "job " + std::to_string(id.value) +
                   (job.is_waiting() ? " still waits: " : " still runs: ") + why(job);
        }
    }
    for (const auto& machine : machines_) {
        const std::string& name = machine->node.name();
        if (machine->agent == nullptr) {
            return "there is no agent on " + name;
        }
        if (machine->agent->tasks_known() > 0 || !machine->node.supervisors().empty()) {
            return std::to_string(machine->agent->tasks_known()) + " tasks and " +
                   std::to_string(machine->node.supervisors().size()) +
                   " supervisors are left on " + name;
        }
    }
    return "";
}

}  // namespace gusu::faults
