#include "scheduler/service/engine/engine.h"

#include <algorithm>
#include <utility>

#include "scheduler/base/log.h"
#include "scheduler/service/engine/recorder.h"

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

void release_all(std::vector<Release>& releases, const Status& durable) {
    for (Release& release : releases) {
        release(durable);
    }
    releases.clear();
}

}  // namespace

Engine::Engine(store::Journal& journal, EngineOptions options)
    : journal_(journal), options_(std::move(options)), scheduler_(options_.retention) {}

Engine::~Engine() { stop(); }

Status Engine::start(const std::vector<core::Accelerator>& catalogue) {
    const Status replayed =
        journal_.replay([this](const core::Event& event) { scheduler_.apply(event); });
    if (!replayed) {
        return replayed;
    }
    clock_.set_out_from(scheduler_.state().last_event());
    Decided first;
    const core::Command commands[] = {core::TakeLeadership{options_.lease},
                                      core::SetCatalogue{catalogue},
                                      core::SetPolicy{options_.policy}};
    for (const core::Command& command : commands) {
        const auto events = scheduler_.execute(command, clock_.now());
        if (!events) {
            return events.error();
        }
        happened(*events, first);
    }
    epoch_ = scheduler_.state().epoch();
    if (const Status written = journal_.append({&first.batch}); !written) {
        return written;
    }
    decider_ = std::thread([this] { decide_forever(); });
    writer_ = std::thread([this] { write_forever(); });
    return Done{};
}

void Engine::stop() {
    {
        const std::lock_guard lock(work_mutex_);
        stopping_ = true;
    }
    work_came_.notify_all();
    if (decider_.joinable()) {
        decider_.join();
    }
    {
        const std::lock_guard lock(decided_mutex_);
        no_more_ = true;
    }
    decided_changed_.notify_all();
    if (writer_.joinable()) {
        writer_.join();
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
std::vector<Engine::Work> Engine::wait_for_work() {
    std::unique_lock lock(work_mutex_);
    const auto something = [this] { return stopping_ || !work_.empty(); };
    const Time timer = in_trouble_ ? kNever : scheduler_.next_timer();
    if (timer == kNever) {
        // Bounded, so that timers are looked at again when trouble has ended.
        work_came_.wait_for(lock, kRetryEvery, something);
    } else {
        work_came_.wait_until(lock, clock_.steady(timer), something);
    }
    return std::exchange(work_, {});
}

Engine::Decided Engine::decide(std::vector<Work> work) {
    const auto began = Steady::now();
    const Time now = clock_.now();
    Decided decided;
    for (Work& each : work) {
        do_work(each, now, decided);
    }
    if (!in_trouble_) {
        step(now, decided);
    }
    for (const Listener& listener : listeners_) {
        if (Release effect = listener(scheduler_, decided.batch.events, now)) {
            decided.effects.push_back(std::move(effect));
        }
    }
    if (snapshot_due_.exchange(false)) {
        decided.snapshot = scheduler_.state().as_events();
    }
    options_.pass_took(seconds_since(began));
    return decided;
}

void Engine::step(Time now, Decided& decided) {
    happened(scheduler_.step(now), decided);
    const bool goes_on = scheduler_.next_timer() <= now;
    if (goes_on || Steady::now() - last_full_pass_ < options_.full_pass_every) {
        return;
    }
    last_full_pass_ = Steady::now();
    const core::Events found = scheduler_.full_pass(now);
    const auto started = std::ranges::count_if(found, [](const core::Event& event) {
        return std::holds_alternative<core::JobPlaced>(event.body);
    });
    if (started > 0) {
        spdlog::error("a full pass started {} jobs that the steps before it have missed", started);
    }
    options_.full_pass_started(static_cast<int>(started));
    happened(found, decided);
}

void Engine::do_work(Work& work, Time now, Decided& decided) {
    if (!work.command) {
        Release release = work.read(scheduler_, now);
        if (in_trouble_) {
            release(Done{});
        } else {
            decided.releases.push_back(std::move(release));
        }
        return;
    }
    if (in_trouble_ && work.sender == Sender::Client) {
        const Error refused{ErrorCode::Unavailable, "the scheduler cannot write its journal (" +
                                                        trouble() +
                                                        "); nothing was changed, try again later"};
        work.prepare(scheduler_, refused, now)(Done{});
        return;
    }
    const auto events = scheduler_.execute(*work.command, now);
    if (events) {
        happened(*events, decided);
    }
    decided.releases.push_back(work.prepare(scheduler_, events, now));
}

// Notes the rows of ended jobs while the state still has them.
void Engine::happened(const core::Events& events, Decided& decided) {
    record_ended(scheduler_.state(), events, decided.batch);
    decided.batch.events.insert(decided.batch.events.end(), events.begin(), events.end());
}

void Engine::hand_over(Decided decided) {
    const bool nothing = decided.batch.events.empty() && decided.releases.empty() &&
                         decided.effects.empty() && !decided.snapshot;
    if (nothing) {
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
            for (Decided& rest : decided) {
                release_all(rest.releases, Error{ErrorCode::Unavailable, "the scheduler stops"});
            }
            return;
        }
        for (Decided& durable : group) {
            release_all(durable.releases, Done{});
            release_all(durable.effects, Done{});
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

// Until it works; false if the engine is being stopped before that.
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
    for (;;) {
        const auto began = Steady::now();
        const Status written = journal_.append(batches);
        if (written) {
            options_.commit_took(seconds_since(began));
            set_trouble("");
            return true;
        }
        set_trouble(written.error().message);
        const Error again{ErrorCode::Unavailable, "the scheduler cannot write its journal (" +
                                                      written.error().message +
                                                      "); ask again with the same request id"};
        for (Decided& each : decided) {
            release_all(each.releases, again);
        }
        std::unique_lock lock(decided_mutex_);
        if (decided_changed_.wait_for(lock, kRetryEvery, [this] { return no_more_; })) {
            spdlog::error("stopped with events that could not be written");
            return false;
        }
    }
}

}  // namespace gusu::service
