#include "tools/sim/core_replay.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "scheduler/base/check.h"
#include "tools/sim/platform.h"
#include "tools/sim/progress.h"
#include "tools/sim/work.h"

namespace gusu::sim {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kNoJob = std::numeric_limits<std::uint32_t>::max();
// A core whose timers come due without anything coming of it will not go on by itself.
constexpr int kIdleSteps = 1000;

struct Life {
    Work work;
    JobId id = {};
    std::uint32_t attempt = 0;
};

class CoreReplay {
public:
    CoreReplay(const Trace& trace, const Site& site, Curves curves)
        : trace_(trace),
          site_(site),
          curves_(curves),
          platform_(trace, site),
          progress_(static_cast<std::int64_t>(trace.jobs.size())) {
        run_.outcomes.resize(trace.jobs.size());
        for (const TraceJob& job : trace.jobs) {
            lives_.push_back({.work = Work(job.duration)});
        }
        observation_ = core::ObserveTasks{.node = {}, .session = kSession, .tasks = {}};
    }

    Result<Replayed> run() {
        if (const Status founded = platform_.found(); !founded) {
            return founded.error();
        }
        const std::int64_t events_before = platform_.log().events();
        const auto began = Clock::now();
        int idle = 0;
        while (over_ < trace_.jobs.size() && idle < kIdleSteps) {
            const Time now = next_moment();
            if (now == kNever) {
                break;  // what still waits will never start
            }
            const std::int64_t events = platform_.log().events();
            const bool more_comes =
                now > now_ && (!finishes_.empty() || submitted_ < trace_.jobs.size());
            observe_finished(now);
            submit_due(now);
            step(now);
            idle = more_comes || platform_.log().events() != events ? 0 : idle + 1;
        }
        run_.wall_s = std::chrono::duration<double>(Clock::now() - began).count();
        run_.events = platform_.log().events() - events_before;
        run_.log_sha256 = platform_.log().sha256();
        return std::move(run_);
    }

private:
    Time submission_of(std::size_t job) const { return Time(trace_.jobs[job].submit); }

    Time next_moment() const {
        Time next = platform_.next_timer();
        if (submitted_ < trace_.jobs.size()) {
            next = std::min(next, submission_of(submitted_));
        }
        if (!finishes_.empty()) {
            next = std::min(next, finishes_.top().at);
        }
        return next == kNever ? next : std::max(next, now_);
    }

    void observe_finished(Time now) {
        now_ = now;
        while (!finishes_.empty() && finishes_.top().at == now) {
            const Finish finish = finishes_.top();
            finishes_.pop();
            if (lives_[finish.job].attempt == finish.attempt) {
                observe(finish.job, core::TaskEnded{.at = now, .ending = {}});
            }
        }
    }

    void submit_due(Time now) {
        for (; submitted_ < trace_.jobs.size() && submission_of(submitted_) == now; ++submitted_) {
            const auto events = platform_.submit(submitted_, now);
            if (!events) {
                ++run_.refused;
                ++over_;
                continue;
            }
            ++waiting_;
            const JobId id = std::get<core::JobSubmitted>(events->front().body).job;
            lives_[submitted_].id = id;
            job_by_id_.resize(std::max<std::size_t>(job_by_id_.size(), id.value + 1), kNoJob);
            job_by_id_[id.value] = static_cast<std::uint32_t>(submitted_);
        }
    }

    void step(Time now) {
        do {
            stopping_.clear();
            placed_.clear();
            const core::Events events = platform_.step(now);
            for (const core::Event& event : events) {
                note(event, now);
            }
            for (const std::uint32_t job : placed_) {
                observe(job, core::TaskRunning{now});
            }
            for (const auto& [job, because] : stopping_) {
                observe(job, core::TaskEnded{.at = now, .ending = because});
            }
        } while (!stopping_.empty());
        if (curves_ == Curves::Yes) {
            run_.curve.push_back(
                {.at = now, .waiting = waiting_, .busy_milli_gpus = busy_milli_gpus_});
        }
    }

    void note(const core::Event& event, Time now) {
        if (const auto* placed = std::get_if<core::JobPlaced>(&event.body)) {
            begin_attempt(job_by_id_[placed->job.value], now);
        } else if (const auto* stop = std::get_if<core::JobStopRequested>(&event.body)) {
            stopping_.emplace_back(job_by_id_[stop->job.value], stop->because);
        } else if (const auto* requeued = std::get_if<core::JobRequeued>(&event.body)) {
            const std::uint32_t job = job_by_id_[requeued->job.value];
            run_.outcomes[job].preemptions +=
                requeued->ending.reason == core::EndReason::Preempted ? 1 : 0;
            end_attempt(job, now);
            ++waiting_;
        } else if (const auto* ended = std::get_if<core::JobEnded>(&event.body)) {
            const std::uint32_t job = job_by_id_[ended->job.value];
            end_attempt(job, now);
            run_.outcomes[job].ended = now;
            run_.failed += ended->ending.reason == core::EndReason::Completed ? 0 : 1;
            progress_.at(static_cast<std::int64_t>(++over_));
        }
    }

    void begin_attempt(std::uint32_t job, Time now) {
        Life& life = lives_[job];
        const Shape& shape = trace_.shape_of(job);
        const Time end = life.work.begin(now, site_.cost_of_resume(shape.gpus));
        finishes_.push({.at = end, .job = job, .attempt = life.attempt});
        busy_milli_gpus_ += shape.milli_gpus();
        --waiting_;
        ++run_.placements;
        placed_.push_back(job);
    }

    // Books what the attempt held.
    void end_attempt(std::uint32_t job, Time now) {
        Life& life = lives_[job];
        const Shape& shape = trace_.shape_of(job);
        const Duration held = now - life.work.began();
        const Duration lost = life.work.end(now, site_.checkpoint_every);
        ++life.attempt;
        run_.outcomes[job].lost_gpu_s += gpu_seconds(lost, shape);
        run_.held_gpu_s += gpu_seconds(held, shape);
        busy_milli_gpus_ -= shape.milli_gpus();
    }

    // What the agents say of all tasks of a placed job.
    void observe(std::uint32_t job, const core::TaskState& seen) {
        const core::Job* placed = platform_.state().job(lives_[job].id);
        check(placed != nullptr && placed->is_placed(), "what is observed is placed");
        const auto& attempt = std::get<core::Placed>(placed->state);
        nodes_.clear();
        for (const core::PlacedTask& task : attempt.tasks) {
            nodes_.push_back(task.node);
        }
        const IncarnationId incarnation = attempt.incarnation;
        auto& observation = std::get<core::ObserveTasks>(observation_);
        for (std::size_t task = 0; task < nodes_.size(); ++task) {
            observation.tasks.push_back({incarnation, static_cast<int>(task), seen});
            if (task + 1 == nodes_.size() || nodes_[task + 1] != nodes_[task]) {
                observation.node = platform_.state().node(nodes_[task])->description.name;
                (void)platform_.execute(observation_, now_);
                observation.tasks.clear();
            }
        }
    }

    const Trace& trace_;
    const Site& site_;
    Curves curves_;
    Platform platform_;
    std::vector<Life> lives_;               // of jobs of the trace
    std::vector<std::uint32_t> job_by_id_;  // the core's ids to jobs of the trace
    FinishQueue finishes_;
    std::size_t submitted_ = 0;
    std::size_t over_ = 0;  // ended or refused
    Time now_;
    std::int64_t waiting_ = 0;
    std::int64_t busy_milli_gpus_ = 0;
    Replayed run_;
    Progress progress_;
    // Kept between steps, so that they need not be allocated again.
    core::Command observation_;
    std::vector<NodeId> nodes_;
    std::vector<std::uint32_t> placed_;
    std::vector<std::pair<std::uint32_t, core::Ending>> stopping_;
};

}  // namespace

Result<Replayed> replay_with_core(const Trace& trace, const Site& site, Curves curves) {
    return CoreReplay(trace, site, curves).run();
}

}  // namespace gusu::sim
