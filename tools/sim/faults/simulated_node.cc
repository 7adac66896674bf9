#include "tools/sim/faults/simulated_node.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <csignal>

namespace gusu::faults {
namespace {

constexpr Duration kLongestLaunch{80};
constexpr Duration kLongestCleanUp{20};
constexpr Duration kLongestReaction{5'000};
constexpr Duration kLongestHang{180'000};
constexpr Duration kLookForLease{10'000};
constexpr Duration kLeaseGrace{20'000};

Duration to_duration(const google::protobuf::Duration& duration) {
    return Duration(google::protobuf::util::TimeUtil::DurationToMilliseconds(duration));
}

agent::ExitRecord exited(int code) {
    agent::ExitRecord how;
    how.exit_code = code;
    return how;
}

agent::ExitRecord killed_by(int signal) {
    agent::ExitRecord how;
    how.signal = signal;
    return how;
}

}  // namespace

SimulatedNode::SimulatedNode(Life& life, Oracle& oracle, int number)
    : life_(life), oracle_(oracle), number_(number), name_("n" + std::to_string(number)) {
    gpus_ = 2 + static_cast<int>(life.dice.upto(2)) * 3;
    boot();
}

// A clock that is set straight keeps what it shows.
void SimulatedNode::set_drift(double rate) {
    const Duration shown = since_boot();
    rate_ = rate;
    booted_at_ = life_.time.now() -
                 Duration(static_cast<std::int64_t>(static_cast<double>(shown.count()) / rate));
}

Duration SimulatedNode::since_boot() const {
    return Duration(static_cast<std::int64_t>(
        static_cast<double>((life_.time.now() - booted_at_).count()) * rate_));
}

Duration SimulatedNode::when(Duration since_boot) const {
    return booted_at_ +
           Duration(1 + static_cast<std::int64_t>(static_cast<double>(since_boot.count()) / rate_));
}

v1::NodeInventory SimulatedNode::inventory() const {
    v1::NodeInventory inventory;
    inventory.set_address(name_ + ".example");
    inventory.set_cpus(32);
    inventory.set_memory(std::int64_t{256} << 30);
    inventory.add_runtimes("process");
    (*inventory.mutable_labels())["rack"] = "r" + std::to_string(number_ / 4);
    for (int i = 0; i < gpus_; ++i) {
        v1::Device& device = *inventory.add_devices();
        device.set_index(i);
        device.set_uuid("simulated-" + name_ + "-" + std::to_string(i));
        device.set_accelerator("nvidia-h200");
        device.set_memory(std::int64_t{141} << 30);
        device.set_simulated(true);
        device.set_healthy(!lost_devices_.contains(i));
        device.set_numa_node(-1);
    }
    return inventory;
}

void SimulatedNode::lose_power() {
    is_up_ = false;
    for (auto& [key, process] : processes_) {
        if (process.runs) {
            oracle_.program_ended(program(key), -1);
        }
    }
    processes_.clear();
    watcher_ = {};
    lease_ends_.reset();
    disk_ = synced_;
}

void SimulatedNode::boot() {
    is_up_ = true;
    boot_id_ = "boot-" + std::to_string(number_) + "-" + std::to_string(++boots_);
    booted_at_ = life_.time.now();
}

bool SimulatedNode::disk_is_full() const { return life_.time.now() < full_until_; }

void SimulatedNode::obeys(std::uint64_t epoch) {
    oracle_.expect(
        epoch >= obeyed_, "S5 no leader of before is obeyed",
        name_ + " obeys epoch " + std::to_string(epoch) + " after " + std::to_string(obeyed_));
    obeyed_ = std::max(obeyed_, epoch);
}

Fate SimulatedNode::fate_of(const agent::TaskKey&, const v1::Launch& launch) {
    Dice& dice = life_.dice;
    Fate fate;
    const auto wish = launch.env().find("RUN_MS");
    const std::int64_t mean = wish == launch.env().end() ? 60'000 : std::stoll(wish->second);
    fate.runs_for = Duration(mean / 2 + dice.upto(mean));
    fate.exit_code = dice.falls(0.1) ? static_cast<int>(1 + dice.upto(3)) : 0;
    fate.ignores_term = life_.befalls(Fault::IgnoresTerm);
    if (life_.befalls(Fault::HangsOnKill)) {
        fate.hangs_for = dice.between(Duration(500), kLongestHang);
    }
    fate.exits_at_launch = life_.befalls(Fault::ExitsAtLaunch) || life_.time.now() < fails_until_;
    fate.saves = dice.falls(0.3) ? static_cast<int>(dice.upto(3)) : 0;
    return fate;
}

SimulatedNode::Process* SimulatedNode::process(const agent::TaskKey& key) {
    const auto found = processes_.find(key);
    return found == processes_.end() ? nullptr : &found->second;
}

// On this boot of the machine, if the task's files are still there.
void SimulatedNode::later(Duration wait, const agent::TaskKey& key,
                          std::function<void(Process&)> what) {
    life_.time.after(wait, [this, key, boot = boots_, what = std::move(what)] {
        Process* found = process(key);
        if (found != nullptr && boot == boots_ && is_up_) {
            what(*found);
        }
    });
}

void SimulatedNode::start_supervisor(const agent::TaskKey& key, const v1::Launch& launch) {
    Process& process = processes_[key];
    process.launch = launch;
    process.fate = fate_of(key, launch);
    process.supervised = true;
    process.watched = true;
    later(life_.dice.between(Duration(1), kLongestLaunch), key, [this, key](Process& launched) {
        if (launched.supervised) {
            begin(key, launched);
        }
    });
}

void SimulatedNode::begin(const agent::TaskKey& key, Process& process) {
    if (process.fate.exits_at_launch) {
        process.exit = agent::ExitRecord{.launch_error = "the program cannot be started"};
        supervisor_over(key, process);
        return;
    }
    process.runs = true;
    process.started = true;
    process.began = since_boot();
    oracle_.program_began(program(key), process.launch);
    if (process.watched && watcher_.started) {
        watcher_.started(key);
    }
    keep_lease(key, process);
    if (process.kill_at) {
        stop(key, process, *process.kill_at - since_boot());
    }
    later(process.fate.runs_for, key, [this, key](Process& ran) {
        if (ran.runs && !ran.killed) {
            end(key, ran, exited(ran.fate.exit_code));
        }
    });
    if (process.launch.has_time_limit()) {
        later(to_duration(process.launch.time_limit()), key, [this, key](Process& late) {
            if (late.runs && late.supervised && !late.kill_at) {
                late.timed_out = true;
                stop(key, late, Duration(10'000));
            }
        });
    }
    for (int i = 0; i < process.fate.saves; ++i) {
        later(process.fate.runs_for * (i + 1) / 4, key,
              [this, key](Process& saving) { save(key, saving); });
    }
}

// As agent/supervisor does: looked at when it would be over.
void SimulatedNode::keep_lease(const agent::TaskKey& key, Process& process) {
    if (!process.runs || !process.supervised || process.kill_at) {
        return;
    }
    const Duration left = lease_ends_ ? *lease_ends_ - since_boot() : kLookForLease;
    if (left < Duration(0)) {
        stop(key, process, kLeaseGrace);
        return;
    }
    later(left + Duration(1), key, [this, key](Process& running) { keep_lease(key, running); });
}

void SimulatedNode::save(const agent::TaskKey& key, Process& process) {
    if (!process.runs || !process.supervised) {
        return;
    }
    process.saves = {.count = process.saves.count + 1, .at = since_boot()};
    if (process.watched && watcher_.saved) {
        watcher_.saved(key);
    }
}

void SimulatedNode::stop_supervisor(const agent::TaskKey& key, const agent::StopRequest& request) {
    later(Duration(1), key, [this, key, grace = request.grace](Process& process) {
        if (process.supervised) {
            stop(key, process, grace);
        }
    });
}

// A second stop may hurry the first, but gives no new time.
void SimulatedNode::stop(const agent::TaskKey& key, Process& process, Duration grace) {
    const Duration kill_at = since_boot() + std::max(grace, Duration(0));
    process.kill_at = process.kill_at ? std::min(*process.kill_at, kill_at) : kill_at;
    if (!process.runs) {
        return;
    }
    later(std::max(grace, Duration(0)), key, [this, key](Process& stopped) {
        if (stopped.runs && stopped.supervised) {
            kill(key, stopped);
        }
    });
    if (!process.fate.ignores_term) {
        later(life_.dice.between(Duration(1), kLongestReaction), key,
              [this, key](Process& stopped) {
                  if (stopped.runs && !stopped.killed) {
                      end(key, stopped, killed_by(SIGTERM));
                  }
              });
    }
}

void SimulatedNode::kill(const agent::TaskKey& key, Process& process) {
    if (std::exchange(process.killed, true)) {
        return;
    }
    if (process.fate.hangs_for == Duration(0)) {
        end(key, process, killed_by(SIGKILL));
        return;
    }
    oracle_.program_hangs(program(key));
    later(process.fate.hangs_for, key, [this, key](Process& hung) {
        hung.fate.hangs_for = Duration(0);
        if (hung.runs) {
            end(key, hung, killed_by(SIGKILL));
        }
    });
}

void SimulatedNode::end(const agent::TaskKey& key, Process& process, const agent::ExitRecord& how) {
    process.runs = false;
    const bool success = how.exit_code == 0 && how.signal == 0;
    oracle_.program_ended(program(key), success ? 0 : 1);
    if (!process.supervised) {
        return;
    }
    process.exit = how;
    process.exit->timed_out = process.timed_out;
    process.exit->ran_for = since_boot() - process.began;
    later(life_.dice.between(Duration(1), kLongestCleanUp), key,
          [this, key](Process& ended) { supervisor_over(key, ended); });
}

void SimulatedNode::supervisor_over(const agent::TaskKey& key, Process& process) {
    if (!std::exchange(process.supervised, false)) {
        return;
    }
    if (process.watched && watcher_.over) {
        watcher_.over(key);
    }
}

void SimulatedNode::kill_a_supervisor() {
    const std::vector<agent::TaskKey> all = supervisors();
    if (all.empty()) {
        return;
    }
    const auto chosen = life_.dice.upto(static_cast<std::int64_t>(all.size()) - 1);
    const agent::TaskKey key = all[static_cast<std::size_t>(chosen)];
    Process& process = processes_.at(key);
    // Its last act is the record of the end: before that there is none.
    process.exit.reset();
    supervisor_over(key, process);
    if (process.runs) {
        kill(key, process);
    }
}

bool SimulatedNode::has_supervisor(const agent::TaskKey& key) const {
    const auto found = processes_.find(key);
    return found != processes_.end() && found->second.supervised;
}

std::vector<agent::TaskKey> SimulatedNode::supervisors() const {
    std::vector<agent::TaskKey> all;
    for (const auto& [key, process] : processes_) {
        if (process.supervised) {
            all.push_back(key);
        }
    }
    return all;
}

bool SimulatedNode::kill_group(const agent::TaskKey& key) {
    Process* found = process(key);
    if (found == nullptr || !found->runs) {
        return true;
    }
    kill(key, *found);
    return !found->runs;
}

std::optional<agent::ExitRecord> SimulatedNode::exit_record(const agent::TaskKey& key) const {
    const auto found = processes_.find(key);
    const bool is_there = found != processes_.end() && !found->second.supervised;
    return is_there ? found->second.exit : std::nullopt;
}

std::optional<agent::SavesRecord> SimulatedNode::saves(const agent::TaskKey& key) const {
    const auto found = processes_.find(key);
    const bool some = found != processes_.end() && found->second.saves.count > 0;
    return some ? std::optional(found->second.saves) : std::nullopt;
}

bool SimulatedNode::has_started(const agent::TaskKey& key) const {
    const auto found = processes_.find(key);
    return found != processes_.end() && found->second.started;
}

// A program that cannot be killed stays, whatever becomes of its files.
void SimulatedNode::remove_files(const agent::TaskKey& key) {
    const auto found = processes_.find(key);
    if (found == processes_.end()) {
        return;
    }
    if (found->second.runs || found->second.supervised) {
        found->second.exit.reset();
        found->second.started = false;
    } else {
        processes_.erase(found);
    }
}

std::vector<agent::TaskKey> SimulatedNode::known() const {
    std::vector<agent::TaskKey> all;
    for (const auto& [key, process] : processes_) {
        all.push_back(key);
    }
    return all;
}

void SimulatedNode::watch_task(const agent::TaskKey& key) {
    if (Process* found = process(key)) {
        found->watched = true;
    }
}

void SimulatedNode::unwatch() {
    watcher_ = {};
    for (auto& [key, process] : processes_) {
        process.watched = false;
    }
}

}  // namespace gusu::faults
