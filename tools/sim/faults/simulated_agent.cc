#include "tools/sim/faults/simulated_agent.h"

#include <algorithm>

namespace gusu::faults {
namespace {

const Error kGone{ErrorCode::Unavailable, "the process is gone"};
const Error kDiskFull{ErrorCode::Unavailable, "the simulated disk is full"};

}  // namespace

SimulatedAgent::SimulatedAgent(const Surroundings& around, std::string name)
    : life_(around.life),
      node_(around.node),
      network_(around.network),
      scheduler_(around.scheduler),
      mortal_(around.life, "agent"),
      tasks_((open_journal(), *this), *this, *this),
      conversation_({.node = node_.name(), .boot_id = node_.boot_id(), .session = std::move(name)},
                    tasks_, *this, *this),
      link_(*this, *this, *this, static_cast<std::uint32_t>(life_.dice.bits() | 1)) {}

SimulatedAgent::~SimulatedAgent() { vanish(SimulatedConnection::Silence::No); }

void SimulatedAgent::vanish(SimulatedConnection::Silence silence) {
    *alive_ = false;
    if (connection_ != nullptr) {
        connection_->agent_vanishes(silence);
        connection_.reset();
    }
}

void SimulatedAgent::start() {
    node_.watch(
        {.started =
             [this](const agent::TaskKey& key) { run([this, key] { watcher_->started(key); }); },
         .over = [this](const agent::TaskKey& key) { run([this, key] { watcher_->over(key); }); },
         .saved =
             [this](const agent::TaskKey& key) { run([this, key] { watcher_->saved(key); }); }});
    run([this] {
        if (!tasks_.adopt()) {
            mortal_.doom(1);
            (void)mortal_.may("take over tasks");
            return;
        }
        link_.open();
    });
    after(agent::Conversation::kCheckLease, [this] { check_lease_again(); });
}

void SimulatedAgent::check_lease_again() {
    conversation_.check_lease();
    after(agent::Conversation::kCheckLease, [this] { check_lease_again(); });
}

void SimulatedAgent::pause(Duration until) {
    paused_until_ = std::max(paused_until_, until);
    life_.time.at(until, [this, alive = alive_] {
        while (*alive && !waiting_.empty() && life_.time.now() >= paused_until_) {
            const Callback next = std::move(waiting_.front());
            waiting_.pop_front();
            run(next);
        }
    });
}

void SimulatedAgent::run(Callback work) {
    if (!*alive_ || dead()) {
        return;
    }
    if (life_.time.now() < paused_until_) {
        waiting_.push_back(std::move(work));
        return;
    }
    work();
    turn();
}

void SimulatedAgent::turn() {
    if (!dead()) {
        tasks_.round_over();
        conversation_.tell_news(link_);
    }
}

agent::Timers::Clock::time_point SimulatedAgent::now() const {
    return Clock::time_point(node_.since_boot());
}

void SimulatedAgent::at(Clock::time_point time, Callback callback) {
    const auto shown = std::chrono::ceil<Duration>(time.time_since_epoch());
    life_.time.at(node_.when(shown), [this, alive = alive_, callback = std::move(callback)] {
        if (*alive) {
            run(callback);
        }
    });
}

void SimulatedAgent::deliver(const std::shared_ptr<agent::LinkStream>& stream,
                             v1::ConnectResponse message) {
    run([this, stream, message = std::move(message)] { link_.take(stream, message); });
}

void SimulatedAgent::over(const std::shared_ptr<agent::LinkStream>& stream, const Error& why) {
    run([this, stream, why] { link_.over(stream, why); });
}

Status SimulatedAgent::received(const v1::ConnectResponse& response) {
    if (!response.has_desired()) {
        return Done{};
    }
    obeying_ = response.desired().epoch();
    Status obeyed = conversation_.obey(response.desired());
    obeying_.reset();
    return obeyed;
}

Status SimulatedAgent::start(const agent::TaskKey& key, const v1::Launch& launch) {
    if (!mortal_.may("start a supervisor")) {
        return kGone;
    }
    if (obeying_) {
        node_.obeys(*obeying_);
    }
    node_.start_supervisor(key, launch);
    if (life_.befalls(Fault::RebootAtLaunch)) {
        mortal_.doom(1);
        takes_machine_ = true;
    }
    return Done{};
}

Status SimulatedAgent::stop(const agent::TaskKey& key, const agent::StopRequest& request) {
    if (!mortal_.may("stop a supervisor")) {
        return kGone;
    }
    if (obeying_) {
        node_.obeys(*obeying_);
    }
    node_.stop_supervisor(key, request);
    return Done{};
}

std::optional<agent::ExitRecord> SimulatedAgent::exit_of(const agent::TaskKey& key,
                                                         const std::string& otherwise) {
    if (auto record = node_.exit_record(key)) {
        return record;
    }
    if (!mortal_.may("kill a group") || !node_.kill_group(key)) {
        return std::nullopt;
    }
    agent::ExitRecord exit;
    exit.launch_error = otherwise;
    return exit;
}

void SimulatedAgent::let_run_until(Duration time) {
    if (mortal_.may("write the lease")) {
        node_.let_run_until(time);
    }
}

Result<std::optional<agent::SavesRecord>> SimulatedAgent::saves(const agent::TaskKey& key) {
    return node_.saves(key);
}

bool SimulatedAgent::has_started(const agent::TaskKey& key) const { return node_.has_started(key); }

void SimulatedAgent::remove_files(const agent::TaskKey& key) {
    if (mortal_.may("remove a folder")) {
        node_.remove_files(key);
    }
}

void SimulatedAgent::find_supervisors() { found_ = node_.supervisors(); }

bool SimulatedAgent::take_over(const agent::TaskKey& key) {
    if (std::erase(found_, key) == 0) {
        return false;
    }
    node_.watch_task(key);
    return true;
}

void SimulatedAgent::remove_strays(const std::set<std::string>& known) {
    for (const agent::TaskKey& key : node_.known()) {
        if (known.contains(agent::to_text(key))) {
            continue;
        }
        const bool is_supervised = std::ranges::find(found_, key) != found_.end();
        if (is_supervised && mortal_.may("stop a stray")) {
            node_.stop_supervisor(key, {.signal = "KILL"});
        } else if (!is_supervised && mortal_.may("remove a stray")) {
            node_.kill_group(key);
            node_.remove_files(key);
        }
    }
    found_.clear();
}

// Forgets the tasks of another boot, but not the highest epoch.
void SimulatedAgent::open_journal() {
    SimulatedNode::Disk& disk = node_.disk();
    if (disk.boot_id != node_.boot_id()) {
        disk.tasks.clear();
        disk.contact = {};
        disk.boot_id = node_.boot_id();
        node_.sync();
    }
}

Result<std::vector<agent::Task>> SimulatedAgent::tasks() {
    std::vector<agent::Task> all;
    for (const auto& [key, task] : node_.disk().tasks) {
        all.push_back(task);
    }
    return all;
}

Status SimulatedAgent::commit(const Changes& changes, Durability durability) {
    if (node_.disk_is_full()) {
        return kDiskFull;
    }
    if (!mortal_.may(durability == Durability::Machine ? "journal and sync" : "journal")) {
        return kGone;
    }
    SimulatedNode::Disk& disk = node_.disk();
    for (const agent::Task* task : changes.put) {
        agent::Task& kept = disk.tasks[task->key] = *task;
        kept.saves = {};
    }
    for (const agent::TaskKey& key : changes.forget) {
        disk.tasks.erase(key);
    }
    if (changes.highest_epoch) {
        disk.highest_epoch = *changes.highest_epoch;
    }
    if (durability == Durability::Machine) {
        node_.sync();
    }
    return Done{};
}

Status SimulatedAgent::note(const agent::Contact& contact) {
    if (node_.disk_is_full()) {
        return kDiskFull;
    }
    if (!mortal_.may("note the contact")) {
        return kGone;
    }
    node_.disk().contact = contact;
    return Done{};
}

std::shared_ptr<agent::LinkStream> SimulatedAgent::next_stream(agent::Link&) {
    connection_ = std::make_shared<SimulatedConnection>(life_, network_, node_.number());
    return std::make_shared<SimulatedLinkStream>(connection_, node_.name(), scheduler_, *this);
}

void SimulatedAgent::lose_connection() {
    if (connection_ != nullptr) {
        connection_->lose();
    }
}

void SimulatedAgent::reset_connection() {
    if (connection_ != nullptr) {
        connection_->reset();
    }
}

}  // namespace gusu::faults
