#include "scheduler/service/engine/engine.h"

#include <algorithm>
#include <utility>

#include "scheduler/base/log.h"

namespace gusu::service {
namespace {

using Steady = std::chrono::steady_clock;

// A snapshot bounds how long a restart takes: replaying so many events takes about a second.
constexpr std::uint64_t kEventsPerSnapshot = 200'000;
// Decided batches that may wait for the journal before deciding waits too.
constexpr std::size_t kBatchesAhead = 64;
constexpr auto kRetryEvery = std::chrono::seconds(1);

double seconds_since(Steady::time_point began) {
    return std::chrono::duration<double>(Steady::now() - began).count();
}

}  // namespace

Engine::Engine(store::Journal& journal, EngineOptions options)
    : journal_(journal), options_(std::move(options)), decider_(options_.retention) {}

Engine::~Engine() { stop(); }

Status Engine::follow() {
    core::Scheduler& scheduler = decider_.scheduler();
    if (followed_ == 0) {
        scheduler = core::Scheduler(options_.retention);
    }
    return journal_.replay(followed_,
                           [&scheduler](const core::Event& event) { scheduler.apply(event); });
}

Status Engine::start(const std::vector<core::Accelerator>& catalogue, Duration longer) {
    if (Status caught_up = follow(); !caught_up) {
        return caught_up;
    }
    const core::Scheduler& scheduler = decider_.scheduler();
    clock_.set_out_from(scheduler.state().last_event());
    const auto first =
        decider_.lead({core::TakeLeadership{options_.lease + longer}, core::SetCatalogue{catalogue},
                       core::SetPolicy{options_.policy}},
                      clock_.now());
    if (!first) {
        return first.error();
    }
    epoch_ = scheduler.state().epoch();
    if (const Status written = journal_.append({&first->batch}); !written) {
        return written;
    }
    deciding_ = std::thread([this] { decide_forever(); });
    writing_ = std::thread([this] { write_forever(); });
    return Done{};
}

void Engine::stop() {
    {
        const std::lock_guard lock(work_mutex_);
        stopping_ = true;
    }
    work_came_.notify_all();
    if (deciding_.joinable()) {
        deciding_.join();
    }
    {
        const std::lock_guard lock(decided_mutex_);
        no_more_ = true;
    }
    decided_changed_.notify_all();
    if (writing_.joinable()) {
        writing_.join();
    }
}

void Engine::post(core::Command command, Sender sender, Prepare prepare) {
    {
        const std::lock_guard lock(work_mutex_);
        work_.push_back({std::move(command), sender, std::move(prepare), {}});
    }
    work_came_.notify_one();
}

void Engine::read(Read read) {
    {
        const std::lock_guard lock(work_mutex_);
        work_.push_back({std::nullopt, Sender::Client, {}, std::move(read)});
    }
    work_came_.notify_one();
}

std::string Engine::trouble() const {
    const std::lock_guard lock(trouble_mutex_);
    return trouble_;
}

void Engine::set_trouble(const std::string& why) {
    {
        const std::lock_guard lock(trouble_mutex_);
        if (why == trouble_) {
            return;
        }
        trouble_ = why;
        in_trouble_ = !why.empty();
    }
    if (why.empty()) {
        spdlog::info("the journal can be written again");
    } else {
        spdlog::error("the journal cannot be written, nothing is accepted until it can: {}", why);
    }
    work_came_.notify_one();
}

void Engine::decide_forever() {
    for (;;) {
        std::vector<Work> work = wait_for_work();
        const bool last = [&] {
            const std::lock_guard lock(work_mutex_);
            return stopping_ && work_.empty();
        }();
        hand_over(decide(std::move(work)));
        if (last) {
            return;
        }
    }
}

// Returns without work when a timer is due.
std::vector<Work> Engine::wait_for_work() {
    std::unique_lock lock(work_mutex_);
    const auto something = [this] { return stopping_ || !work_.empty(); };
    const Time timer = in_trouble_ ? kNever : decider_.scheduler().next_timer();
    if (timer == kNever) {
        // Bounded, so that timers are looked at again when trouble has ended.
        work_came_.wait_for(lock, kRetryEvery, something);
    } else {
        work_came_.wait_until(lock, clock_.steady(timer), something);
    }
    return std::exchange(work_, {});
}

Decided Engine::decide(std::vector<Work> work) {
    const auto began = Steady::now();
    const std::string trouble = this->trouble();
    const Decider::Look look = trouble.empty() ? next_look() : Decider::Look::AtWhatChanged;
    Decided decided =
        decider_.decide(std::move(work), {.now = clock_.now(), .trouble = trouble, .look = look});
    if (const auto missed = decider_.missed()) {
        last_full_pass_ = Steady::now();
        if (*missed > 0) {
            spdlog::error("a full pass started {} jobs that the steps before it have missed",
                          *missed);
        }
        options_.full_pass_started(*missed);
    }
    if (snapshot_due_.exchange(false)) {
        decided.snapshot = decider_.scheduler().state().as_events();
    }
    options_.pass_took(seconds_since(began));
    return decided;
}

Decider::Look Engine::next_look() const {
    return Steady::now() - last_full_pass_ < options_.full_pass_every ? Decider::Look::AtWhatChanged
                                                                      : Decider::Look::AtEverything;
}

void Engine::hand_over(Decided decided) {
    if (decided.is_nothing()) {
        return;
    }
    {
        std::unique_lock lock(decided_mutex_);
        decided_changed_.wait(lock,
                              [this] { return decided_.size() < kBatchesAhead || in_trouble_; });
        decided_.push_back(std::move(decided));
    }
    decided_changed_.notify_all();
}

void Engine::write_forever() {
    for (;;) {
        std::vector<Decided> decided;
        {
            std::unique_lock lock(decided_mutex_);
            decided_changed_.wait(lock, [this] { return no_more_ || !decided_.empty(); });
            decided = std::exchange(decided_, {});
        }
        decided_changed_.notify_all();
        if (decided.empty()) {
            return;
        }
        write(std::move(decided));
    }
}

// Up to each snapshot in one transaction, since a snapshot stands for all that is before it.
void Engine::write(std::vector<Decided> decided) {
    std::vector<Decided> group;
    for (std::size_t i = 0; i < decided.size(); ++i) {
        group.push_back(std::move(decided[i]));
        const bool is_last = i + 1 == decided.size();
        if (!is_last && !group.back().snapshot) {
            continue;
        }
        if (!append(group)) {
            give_up(group);
            give_up(decided);
            return;
        }
        for (Decided& durable : group) {
            durable.durable();
        }
        if (group.back().snapshot) {
            const Status written = journal_.write_snapshot(*group.back().snapshot);
            if (!written) {
                spdlog::warn("no snapshot, the log stays longer: {}", written.error().message);
            }
        }
        group.clear();
    }
    if (journal_.events_since_snapshot() > kEventsPerSnapshot) {
        snapshot_due_ = true;
    }
}

void Engine::give_up(std::vector<Decided>& decided) {
    const Error never{ErrorCode::Unavailable,
                      is_deposed_ ? trouble() : std::string("the scheduler stops")};
    for (Decided& each : decided) {
        each.refuse(never);
    }
}

// Until it works; false if it never will, or the engine is being stopped before that.
bool Engine::append(std::vector<Decided>& decided) {
    std::vector<const store::Batch*> batches;
    for (const Decided& each : decided) {
        if (!each.batch.events.empty()) {
            batches.push_back(&each.batch);
        }
    }
    if (batches.empty()) {
        return true;
    }
    while (!is_deposed_) {
        const auto began = Steady::now();
        const Status written = journal_.append(batches);
        if (written) {
            options_.commit_took(seconds_since(began));
            set_trouble("");
            return true;
        }
        set_trouble(written.error().message);
        if (written.error().code == ErrorCode::FailedPrecondition) {
            is_deposed_ = true;
            options_.deposed();
            return false;
        }
        const Error again{ErrorCode::Unavailable, "the scheduler cannot write its journal (" +
                                                      written.error().message +
                                                      "); ask again with the same request id"};
        for (Decided& each : decided) {
            each.refuse(again);
        }
        if (!wait_to_try_again()) {
            spdlog::error("stopped with events that could not be written");
            return false;
        }
    }
    return false;
}

// False if the engine is being stopped.
bool Engine::wait_to_try_again() {
    std::unique_lock lock(decided_mutex_);
    return !decided_changed_.wait_for(lock, kRetryEvery, [this] { return no_more_; });
}

}  // namespace gusu::service
