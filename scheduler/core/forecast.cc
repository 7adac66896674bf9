#include "scheduler/core/forecast.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <queue>

#include "scheduler/core/policy/order.h"
#include "scheduler/core/scheduler.h"

namespace gusu::core {
namespace {

constexpr std::size_t kRuns = 9;  // odd, so that there is a middle one
constexpr int kMostSteps = 5'000;
// What a job that is told to stop takes for it.
constexpr Duration kStops{10'000};

// Equal ids give equal chances, and neighbours unlike ones (SplitMix64, Steele et al., 2014).
std::uint32_t chance(std::uint64_t job, std::uint64_t attempt, std::uint64_t run) {
    std::uint64_t mixed = job * 0x9e3779b97f4a7c15 + attempt * 0xbf58476d1ce4e5b9 + run;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return static_cast<std::uint32_t>(mixed ^ (mixed >> 31)) >> 16;
}

enum class Knowledge { History, Limit, Nothing };

struct Left {
    Knowledge by = Knowledge::Nothing;
    Duration left{0};
};

// How much longer a placed job runs, at this chance.
Left time_left(const State& state, const Job& job, Time now, std::uint32_t at_chance) {
    const std::int64_t milli_gpus = job.demand().total().milli_gpus.units();
    const Duration ran_now = now - std::get<Placed>(job.state).since;
    const auto& limit = job.demand().time_limit;
    const Duration until_limit =
        limit ? std::max(*limit - ran_now, Duration(1'000)) : Duration::max();
    if (milli_gpus > 0) {
        const Series series = series_of(job.demand().tenant, job.spec->user, job.spec->name);
        const Duration age{served(job, now) / milli_gpus};
        if (const auto left = state.history().time_left(series, milli_gpus, age, at_chance)) {
            return {Knowledge::History, std::min(*left, until_limit)};
        }
    }
    if (limit) {
        // Limits are seldom used up; between now and then nothing tells one time from another.
        const std::int64_t part = until_limit.count() / 65'536 * at_chance;
        return {Knowledge::Limit, Duration(std::max<std::int64_t>(part, 1'000))};
    }
    return {};
}

// One way that things may go.
class Run {
public:
    Run(Scheduler scheduler, JobId job, Time now, std::uint64_t number)
        : scheduler_(std::move(scheduler)), job_(job), now_(now), number_(number) {}

    // When the job starts; nullopt if not soon enough.
    std::optional<Time> start() {
        for (const auto& [incarnation, id] : scheduler_.state().placed()) {
            will_end(id);
        }
        const Time horizon = now_ + kForecastHorizon;
        for (int steps = 0; steps < kMostSteps && now_ < horizon; ++steps) {
            if (step()) {
                return now_;
            }
            const Time end = ends_.empty() ? kNever : ends_.top().at;
            const Time next = std::min(end, scheduler_.next_timer());
            if (next == kNever) {
                return std::nullopt;
            }
            now_ = std::max(next, now_ + Duration(next > now_ ? 0 : 1));
            end_those_due();
        }
        return std::nullopt;
    }

private:
    struct End {
        Time at;
        IncarnationId incarnation;
        std::vector<int> ranks = {};  // none: all of it

        bool operator>(const End& other) const {
            return std::tie(at, incarnation, ranks) >
                   std::tie(other.at, other.incarnation, other.ranks);
        }
    };

    // True once the job is placed.
    bool step() {
        for (const Event& event : scheduler_.step(now_)) {
            if (const auto* placed = std::get_if<JobPlaced>(&event.body)) {
                if (placed->job == job_) {
                    return true;
                }
                will_end(placed->job);
            } else if (const auto* stop = std::get_if<JobStopRequested>(&event.body)) {
                const Job& stopped = *scheduler_.state().job(stop->job);
                ends_.push({now_ + kStops, std::get<Placed>(stopped.state).incarnation});
            } else if (const auto* shrunk = std::get_if<JobShrunk>(&event.body)) {
                ends_.push({now_ + kStops, shrunk->shrink.incarnation, shrunk->shrink.ranks});
            }
        }
        return false;
    }

    void will_end(JobId id) {
        const Job& job = *scheduler_.state().job(id);
        const auto& placed = std::get<Placed>(job.state);
        if (const std::vector<int> leaving = leaving_of(placed); !leaving.empty()) {
            ends_.push({now_ + kStops, placed.incarnation, leaving});
        }
        if (placed.stopping) {
            ends_.push({now_ + kStops, placed.incarnation});
            return;
        }
        const std::uint32_t at = chance(id.value, static_cast<std::uint64_t>(job.attempt), number_);
        const Left left = time_left(scheduler_.state(), job, now_, at);
        if (left.by != Knowledge::Nothing) {
            ends_.push({now_ + left.left, placed.incarnation});
        }
    }

    void end_those_due() {
        while (!ends_.empty() && ends_.top().at <= now_) {
            End end = ends_.top();
            ends_.pop();
            const Job* job = scheduler_.state().job_of(end.incarnation);
            if (job == nullptr) {
                continue;
            }
            const JobId id = job->id;
            if (end.ranks.empty()) {
                end.ranks.resize(std::get<Placed>(job->state).tasks.size());
                std::iota(end.ranks.begin(), end.ranks.end(), 0);
            }
            for (const int rank : end.ranks) {
                scheduler_.apply({now_, TaskChanged{.job = id,
                                                    .incarnation = end.incarnation,
                                                    .task = rank,
                                                    .state = TaskEnded{.at = now_, .ending = {}}}});
            }
        }
    }

    static std::vector<int> leaving_of(const Placed& placed) {
        std::vector<int> ranks;
        for (std::size_t rank = 0; rank < placed.tasks.size(); ++rank) {
            const PlacedTask& task = placed.tasks[rank];
            if (task.leaving && !task.left()) {
                ranks.push_back(static_cast<int>(rank));
            }
        }
        return ranks;
    }

    Scheduler scheduler_;
    JobId job_;
    Time now_;
    std::uint64_t number_;
    std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
};

// In words: on how many running jobs it rests, and what is known of them.
std::string basis_of(const State& state, Time now, std::int64_t left_out) {
    std::array<int, 3> known{};
    for (const auto& [incarnation, id] : state.placed()) {
        ++known[static_cast<std::size_t>(time_left(state, *state.job(id), now, 1 << 15).by)];
    }
    std::string text = std::to_string(state.placed().size()) + " running jobs";
    const auto add = [&](Knowledge by, const std::string& words) {
        if (const int count = known[static_cast<std::size_t>(by)]; count > 0) {
            text += ", " + std::to_string(count) + " " + words;
        }
    };
    add(Knowledge::History, "by how long jobs like them ran");
    add(Knowledge::Limit, "by their time limits");
    add(Knowledge::Nothing, "of which nobody can tell when they end");
    if (left_out > 0) {
        text += "; " + std::to_string(left_out) + " waiting jobs were not looked at";
    }
    return text + "; jobs that come later are not counted";
}

Forecast run_all(const Scheduler& base, JobId job, const ForecastBasis& basis) {
    std::vector<Time> starts;
    for (std::size_t run = 0; run < kRuns; ++run) {
        starts.push_back(Run(base, job, basis.now, run).start().value_or(kNever));
    }
    std::ranges::sort(starts);
    const auto at = [&](std::size_t position) {
        return starts[position] == kNever ? std::nullopt : std::optional(starts[position]);
    };
    return {.earliest = at(kRuns / 10),
            .likely = at(kRuns / 2),
            .latest = at(kRuns - 1 - kRuns / 10),
            .basis = basis_of(base.state(), basis.now, basis.waiting_left_out)};
}

Scheduler scheduler_from(const ForecastBasis& basis) {
    Scheduler scheduler;
    for (const Event& event : basis.state) {
        scheduler.apply(event);
    }
    return scheduler;
}

}  // namespace

Forecast forecast(const ForecastBasis& basis, JobId job) {
    const Scheduler base = scheduler_from(basis);
    const Job* waiting = base.state().job(job);
    if (waiting == nullptr || !waiting->is_waiting()) {
        return {.earliest = {}, .likely = {}, .latest = {}, .basis = "it does not wait"};
    }
    if (std::get<Waiting>(waiting->state).hold != Hold::None) {
        return {.earliest = {}, .likely = {}, .latest = {}, .basis = "it is held"};
    }
    return run_all(base, job, basis);
}

Forecast forecast(const ForecastBasis& basis, const SubmitJobs& submission) {
    Scheduler base = scheduler_from(basis);
    const auto events = base.execute(submission, basis.now);
    if (!events || events->empty()) {
        return {.earliest = {}, .likely = {}, .latest = {}, .basis = "it would not be accepted"};
    }
    const auto& submitted = std::get<JobSubmitted>(events->front().body);
    const JobId first{submitted.job.value + (submitted.array_indices.empty() ? 0 : 1)};
    if (submitted.hold != Hold::None) {
        return {.earliest = {}, .likely = {}, .latest = {}, .basis = "it would be held"};
    }
    return run_all(base, first, basis);
}

}  // namespace gusu::core
