#include "tools/sim/faults/simulated_scheduler.h"

#include <algorithm>
#include <utility>

#include "scheduler/wire/event_codec.h"
#include "tools/sim/faults/invariants.h"

namespace gusu::faults {
namespace {

constexpr std::uint64_t kEventsPerSnapshot = 500;
constexpr std::uint64_t kWholeCheckEvery = 256;
// A step may leave a part of its work to the next, but not for ever.
constexpr int kMostStepsDue = 1'000;
constexpr Duration kRetryEvery{1'000};
// Timers are set anew after each batch, and one that is due is decided in the next millisecond.
constexpr Duration kLeaseOverdue{1'000};
// Longer than any write of what it says, after which it is welcomed.
constexpr Duration kWithoutStream{45'000};
constexpr Duration kLease{60'000};
constexpr Duration kKillTime{30'000};
constexpr Duration kWaitForMany{120'000};

// A site that waits longer for many nodes than for one, or does not.
core::Policy rules(Duration waits_for_many) {
    core::Policy rules;
    rules.waits_for_many = waits_for_many;
    rules.black_hole.users = 1;  // there is but one
    return rules;
}

std::vector<core::Command> first_commands(Duration longer, const core::Policy& rules) {
    std::vector<core::Accelerator> catalogue(1);
    catalogue.front().name = "nvidia-h200";
    catalogue.front().vendor = "nvidia";
    return {core::TakeLeadership{kLease + kKillTime + longer}, core::SetCatalogue{catalogue},
            core::SetPolicy{rules}};
}

}  // namespace

SimulatedScheduler::SimulatedScheduler(Life& life, Oracle& oracle, SimulatedDisk& disk)
    : life_(life), oracle_(oracle), disk_(disk), mortal_(life, "scheduler"), decider_({}) {
    links_ = std::make_unique<service::AgentLinks>(
        static_cast<service::CommandPort&>(*this),
        service::LinkOptions{.lease = kLease, .kill_time = kKillTime});
}

SimulatedScheduler::~SimulatedScheduler() { vanish(); }

void SimulatedScheduler::vanish() {
    if (!std::exchange(*alive_, false)) {
        return;
    }
    for (const auto& connection : std::exchange(connections_, {})) {
        connection->scheduler_vanishes();
    }
    links_.reset();
}

void SimulatedScheduler::later(Duration wait, void (SimulatedScheduler::*what)()) {
    life_.time.after(wait, [this, alive = alive_, what] {
        if (!*alive || dead()) {
            return;
        }
        if (is_frozen()) {
            later(frozen_until_ - life_.time.now(), what);
        } else {
            (this->*what)();
        }
    });
}

void SimulatedScheduler::freeze(Duration until) {
    frozen_until_ = std::max(frozen_until_, until);
    untroubled_since_ = std::max(untroubled_since_, frozen_until_);
    for (const auto& connection : connections_) {
        connection->scheduler_goes_on_at(frozen_until_);
    }
}

void SimulatedScheduler::is_replaced() {
    if (is_writing_ && life_.time.now() >= cut_off_until_) {
        in_doubt(writing_);
    }
}

// As the production's engine and contender do.
void SimulatedScheduler::step_down(const std::string& why) {
    const Error never{ErrorCode::Unavailable, why};
    for (service::Decided& each : writing_) {
        each.refuse(never);
    }
    for (service::Decided& each : decided_) {
        each.refuse(never);
    }
    stepped_down_ = true;
    mortal_.doom(1);
    (void)may("step down");
}

bool SimulatedScheduler::keeps_lease() {
    const Duration now = life_.time.now();
    if (now >= cut_off_until_) {
        if (!leads()) {
            step_down("another scheduler leads");
            return false;
        }
        renewed_at_ = now;
    } else if (now - renewed_at_ > kLeaderLease + kKeepTasksFor) {
        step_down("the store is out of reach, and the lease long over");
        return false;
    }
    return true;
}

void SimulatedScheduler::start(Time wall, Duration longer) {
    term_ = ++disk_.term;
    settle_doubts();
    if (life_.befalls(Fault::CrashInRecovery)) {
        doom(1 + life_.dice.upto(2));
    }
    if (!replay() || !may("replay")) {
        return;
    }
    oracle_.check_recovered(core().state());
    base_ = std::max(wall, core().state().last_event());
    began_ = untroubled_since_ = renewed_at_ = life_.time.now();
    const Duration waits_for_many = life_.dice.falls(0.5) ? kWaitForMany : Duration(0);
    auto first = decider_.lead(first_commands(longer, rules(waits_for_many)), now());
    check(first.ok(), "leadership can be taken");
    if (!may("write the leadership") || !why_not().empty()) {
        mortal_.doom(1);
        (void)may("give up the start");
        return;
    }
    std::vector<service::Decided> group;
    group.push_back(std::move(*first));
    store(group);
    check_silence_again();
    set_timer();
}

// By the journal's own encoding.
bool SimulatedScheduler::replay() {
    const auto apply = [this](const std::string& record) {
        const auto events = wire::decode_events(record);
        oracle_.expect(events.ok(), "S24 the journal can be read",
                       events ? "" : events.error().message);
        for (const core::Event& event : events ? *events : core::Events{}) {
            core().apply(event);
        }
    };
    if (!disk_.snapshot.empty()) {
        apply(disk_.snapshot);
    }
    std::ranges::for_each(disk_.records, apply);
    return true;
}

std::shared_ptr<SimulatedAgentStream> SimulatedScheduler::accept(
    const std::string& node, const std::shared_ptr<SimulatedConnection>& connection) {
    std::erase_if(connections_, [](const auto& each) { return each->over(); });
    connections_.push_back(connection);
    connection->scheduler_goes_on_at(frozen_until_);
    const auto stream = std::make_shared<SimulatedAgentStream>(*links_, node, connection);
    links_->open(stream);
    return stream;
}

void SimulatedScheduler::check_silence_again() {
    if (!keeps_lease()) {
        return;
    }
    links_->check_silence(service::AgentStream::Steady::time_point(life_.time.now()));
    check_streams();
    later(links_->silence_tick(), &SimulatedScheduler::check_silence_again);
}

void SimulatedScheduler::post(core::Command command, service::Sender sender,
                              service::Prepare prepare) {
    work_.push_back({std::move(command), sender, std::move(prepare), {}});
    decide_soon();
}

// A node is in touch only through a stream.
void SimulatedScheduler::check_streams() {
    const Duration now = life_.time.now();
    for (const auto& [id, node] : core().state().nodes()) {
        const auto* contact = std::get_if<core::InContact>(&node.contact);
        const bool has_stream = links_->last_heard(node.description.name).has_value();
        if (contact == nullptr || has_stream || !trouble_.empty()) {
            without_stream_.erase(id);
            continue;
        }
        auto& [session, since] = without_stream_[id];
        if (session != contact->session) {
            session = contact->session;
            since = now;
        }
        oracle_.expect(now - since < kWithoutStream, "L5 who has no stream is out of touch",
                       node.description.name + " counts as in touch without a stream");
    }
}

// Nothing was decided while the disk was in trouble.
void SimulatedScheduler::check_leases() {
    const auto& leases = core().state().leases();
    if (trouble_.empty() && leads() && !leases.empty()) {
        const Time ended = std::max(leases.begin()->first, base_ + (untroubled_since_ - began_));
        oracle_.expect(now() - ended < kLeaseOverdue, "L2 the end of a lease is looked for",
                       "a lease has ended long ago");
    }
}

// What comes until then is decided together.
void SimulatedScheduler::decide_soon() {
    if (!std::exchange(will_decide_, true)) {
        later(Duration(life_.dice.upto(1)), &SimulatedScheduler::decide);
    }
}

void SimulatedScheduler::decide() {
    will_decide_ = false;
    check_leases();
    ++batches_;
    const bool all = trouble_.empty() && leads() && batches_ % kWholeCheckEvery == 0;
    service::Decided decided = decider_.decide(
        std::exchange(work_, {}), {.now = now(),
                                   .trouble = trouble_,
                                   .look = all ? service::Decider::Look::AtEverything
                                               : service::Decider::Look::AtWhatChanged});
    if (all) {
        const int missed = decider_.missed().value_or(0);
        oracle_.expect(missed == 0, "L1 no step misses what could start",
                       std::to_string(missed) + " jobs were missed");
    }
    const bool goes_on = core().next_timer() <= now();
    if (trouble_.empty() && leads() && !decided.batch.events.empty()) {
        oracle_.check_state(core(), now(),
                            all && !goes_on ? Oracle::Depth::Whole : Oracle::Depth::Quick);
    }
    steps_due_ = trouble_.empty() && goes_on ? steps_due_ + 1 : 0;
    oracle_.expect(steps_due_ < kMostStepsDue, "L1 what is due is done",
                   "a timer stays due however often there is a step");
    if (std::exchange(snapshot_due_, false)) {
        decided.snapshot = core().state().as_events();
    }
    if (!decided.is_nothing()) {
        decided_.push_back(std::move(decided));
        write_next();
    }
    set_timer();
}

void SimulatedScheduler::set_timer() {
    const Time timer = trouble_.empty() ? core().next_timer() : kNever;
    if (timer == kNever) {
        return;
    }
    const Duration at = std::max(life_.time.now(), began_ + (timer - base_));
    if (at < timer_at_ || timer_at_ <= life_.time.now()) {
        timer_at_ = at;
        life_.time.at(at, [this, alive = alive_, at] {
            if (!*alive || dead() || timer_at_ != at) {
                return;
            }
            if (is_frozen()) {
                later(Duration(0), &SimulatedScheduler::timer_comes);
            } else {
                timer_comes();
            }
        });
    }
}

void SimulatedScheduler::timer_comes() {
    timer_at_ = Duration::max();
    decide_soon();
}

std::string SimulatedScheduler::why_not() const {
    if (life_.time.now() < disk_.full_until) {
        return "the simulated disk is full";
    }
    if (life_.time.now() < cut_off_until_) {
        return "the simulated store is out of reach";
    }
    return life_.time.now() < std::max(disk_.failing_until, disk_.unsyncing_until)
               ? "the simulated disk fails"
               : "";
}

// All that waits, up to each snapshot, in one transaction.
void SimulatedScheduler::write_next() {
    if (is_writing_ || decided_.empty()) {
        return;
    }
    is_writing_ = true;
    while (!decided_.empty()) {
        writing_.push_back(std::move(decided_.front()));
        decided_.pop_front();
        if (writing_.back().snapshot) {
            break;
        }
    }
    write_again();
}

void SimulatedScheduler::write_again() {
    const bool is_slow = life_.time.now() < disk_.slow_until;
    later(life_.dice.between(Duration(1), Duration(is_slow ? 10'000 : 8)),
          &SimulatedScheduler::written);
}

void SimulatedScheduler::store(const store::Batch& batch) {
    if (!batch.events.empty()) {
        disk_.records.push_back(wire::encode_events(batch.events));
        disk_.events += batch.events.size();
        oracle_.durable(batch);
    }
}

void SimulatedScheduler::store(const std::vector<service::Decided>& group) {
    oracle_.expect(
        leads(), "S4 who was replaced writes nothing",
        "term " + std::to_string(term_) + " writes in term " + std::to_string(disk_.term));
    for (const service::Decided& each : group) {
        store(each.batch);
    }
}

void SimulatedScheduler::in_doubt(const std::vector<service::Decided>& group) {
    disk_.in_doubt.clear();
    for (const service::Decided& each : group) {
        disk_.in_doubt.push_back(each.batch);
    }
}

// All of a transaction, or nothing.
void SimulatedScheduler::settle_doubts() {
    const std::vector<store::Batch> batches = std::exchange(disk_.in_doubt, {});
    if (!batches.empty() && life_.dice.falls(0.5)) {
        for (const store::Batch& batch : batches) {
            store(batch);
        }
    }
}

void SimulatedScheduler::written() {
    const std::string why = why_not();
    if (why.empty() && !leads()) {
        step_down("another scheduler leads");
        return;
    }
    if (!why.empty()) {
        trouble_ = why;
        const Duration now = life_.time.now();
        if (leads() && now >= cut_off_until_ && now < disk_.unsyncing_until) {
            in_doubt(writing_);
        }
        for (service::Decided& each : writing_) {
            each.refuse({ErrorCode::Unavailable, why + "; ask again with the same request id"});
        }
        later(kRetryEvery, &SimulatedScheduler::write_again);
        return;
    }
    disk_.in_doubt.clear();  // it is written once more, over what may have been there
    const bool tears = writing_.size() > 1 && life_.befalls(Fault::TornWrite);
    if (tears) {
        doom(1);
    }
    if (!may("append")) {
        if (tears) {
            const auto kept = 1 + life_.dice.upto(static_cast<std::int64_t>(writing_.size()) - 2);
            writing_.erase(writing_.begin() + kept, writing_.end());
        }
        // The disk may have it all the same.
        if (tears || life_.dice.falls(0.5)) {
            store(writing_);
        }
        return;
    }
    store(writing_);
    const bool was_trouble = !std::exchange(trouble_, "").empty();
    std::vector<service::Decided> group = std::exchange(writing_, {});
    is_writing_ = false;
    for (service::Decided& durable : group) {
        durable.durable();
    }
    if (group.back().snapshot && may("snapshot")) {
        disk_.snapshot = wire::encode_events(*group.back().snapshot);
        disk_.records.clear();
        disk_.events = 0;
    }
    snapshot_due_ = disk_.events > kEventsPerSnapshot;
    if (was_trouble) {
        untroubled_since_ = life_.time.now();
        decide_soon();
    }
    write_next();
}

}  // namespace gusu::faults
