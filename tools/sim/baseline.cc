#include "tools/sim/baseline.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>

#include "tools/sim/event_log.h"
#include "tools/sim/node_table.h"
#include "tools/sim/progress.h"

namespace gusu::sim {
namespace {

using Clock = std::chrono::steady_clock;

// Waiting jobs of one shape, first come first.
struct Line {
    std::uint32_t shape = 0;
    std::deque<std::uint32_t> jobs;
    bool is_blocked = false;  // in this pass
};

// Nodes, and the jobs that may only run there.
struct Pool {
    int first_node = 0;
    int end_node = 0;
    std::vector<Line> lines = {};
    std::map<std::uint32_t, std::size_t> line_of_shape = {};
    bool is_changed = false;  // since its last pass
};

enum class Prefer { Fullest, Emptiest };

class Baseline {
public:
    Baseline(const Trace& trace, const Site& site, Policy policy, Curves curves)
        : trace_(trace),
          site_(site),
          policy_(policy),
          curves_(curves),
          nodes_(site.cluster, trace.shapes),
          held_(trace.jobs.size()),
          progress_(static_cast<std::int64_t>(trace.jobs.size())) {
        run_.outcomes.resize(trace.jobs.size());
        make_pools();
    }

    Replayed run() {
        const auto began = Clock::now();
        while (submitted_ < trace_.jobs.size() || !finishes_.empty()) {
            const Time now = next_moment();
            end_due(now);
            submit_due(now);
            for (Pool& pool : pools_) {
                if (std::exchange(pool.is_changed, false)) {
                    start_jobs(pool, now);
                }
            }
            if (curves_ == Curves::Yes) {
                run_.curve.push_back(
                    {.at = now, .waiting = waiting_, .busy_milli_gpus = busy_milli_gpus_});
            }
        }
        run_.wall_s = std::chrono::duration<double>(Clock::now() - began).count();
        run_.events = log_.events();
        run_.log_sha256 = log_.sha256();
        return std::move(run_);
    }

private:
    void make_pools() {
        pool_of_tenant_.assign(trace_.tenants.size(), 0);
        const int nodes = static_cast<int>(site_.cluster.nodes.size());
        if (site_.partition == Partition::Shared) {
            pools_.push_back({.first_node = 0, .end_node = nodes});
            return;
        }
        int first = 0;
        for (const TenantNodes& owned : site_.owned) {
            const auto tenant = std::ranges::find(trace_.tenants, owned.tenant);
            if (tenant != trace_.tenants.end()) {
                pool_of_tenant_[static_cast<std::size_t>(tenant - trace_.tenants.begin())] =
                    pools_.size();
            }
            pools_.push_back({.first_node = first, .end_node = first + owned.nodes});
            first += owned.nodes;
        }
    }

    Time submission_of(std::size_t job) const { return Time(trace_.jobs[job].submit); }

    Time next_moment() const {
        const Time coming = submitted_ < trace_.jobs.size() ? submission_of(submitted_) : kNever;
        return finishes_.empty() ? coming : std::min(coming, finishes_.top().at);
    }

    Pool& pool_of(std::size_t job) { return pools_[pool_of_tenant_[trace_.jobs[job].tenant]]; }

    void end_due(Time now) {
        while (!finishes_.empty() && finishes_.top().at == now) {
            const std::uint32_t job = finishes_.top().job;
            finishes_.pop();
            for (const Held& held : held_[job]) {
                nodes_.give_back(held);
            }
            held_[job].clear();
            busy_milli_gpus_ -= trace_.shape_of(job).milli_gpus();
            run_.outcomes[job].ended = now;
            pool_of(job).is_changed = true;
            log_.ended(job, now);
            progress_.at(++ended_);
        }
    }

    void submit_due(Time now) {
        for (; submitted_ < trace_.jobs.size() && submission_of(submitted_) == now; ++submitted_) {
            if (!could_run(submitted_)) {
                ++run_.refused;
                continue;
            }
            Pool& pool = pool_of(submitted_);
            const std::uint32_t shape = trace_.jobs[submitted_].shape;
            const auto [line, is_new] = pool.line_of_shape.try_emplace(shape, pool.lines.size());
            if (is_new) {
                pool.lines.push_back({.shape = shape, .jobs = {}});
            }
            pool.lines[line->second].jobs.push_back(static_cast<std::uint32_t>(submitted_));
            pool.is_changed = true;
            ++waiting_;
            log_.submitted(submitted_, now);
        }
    }

    // Whether its GPUs are there at all.
    bool could_run(std::size_t job) {
        const Pool& pool = pool_of(job);
        const Gang gang = gang_of(trace_.shape_of(job).gpus, site_.cluster.gpus_per_node);
        int whole = 0;
        int rest = 0;
        for (int node = pool.first_node; node < pool.end_node; ++node) {
            whole += nodes_.all_gpus(node) >= site_.cluster.gpus_per_node ? 1 : 0;
            rest += nodes_.all_gpus(node) >= gang.rest_gpus ? 1 : 0;
        }
        return whole >= gang.whole_nodes && rest >= gang.whole_nodes + (gang.has_rest ? 1 : 0);
    }

    // Always the oldest job of those whose shape has not been found blocked in this pass.
    void start_jobs(Pool& pool, Time now) {
        for (Line& line : pool.lines) {
            line.is_blocked = false;
        }
        for (;;) {
            Line* first = nullptr;
            for (Line& line : pool.lines) {
                const bool is_open = !line.is_blocked && !line.jobs.empty();
                if (is_open && (first == nullptr || line.jobs.front() < first->jobs.front())) {
                    first = &line;
                }
            }
            if (first == nullptr) {
                return;
            }
            if (start(first->jobs.front(), pool, now)) {
                first->jobs.pop_front();
            } else if (policy_ == Policy::Fifo) {
                return;
            } else {
                first->is_blocked = true;
            }
        }
    }

    bool start(std::uint32_t job, const Pool& pool, Time now) {
        const Shape& shape = trace_.shape_of(job);
        if (!place_gang(job, pool)) {
            for (const Held& held : held_[job]) {
                nodes_.give_back(held);
            }
            held_[job].clear();
            return false;
        }
        finishes_.push({.at = now + trace_.jobs[job].duration, .job = job, .attempt = 0});
        busy_milli_gpus_ += shape.milli_gpus();
        run_.held_gpu_s += gpu_seconds(trace_.jobs[job].duration, shape);
        ++run_.placements;
        --waiting_;
        log_.placed(job, now);
        for (const Held& held : held_[job]) {
            log_.on_node(held.node, held.gpus);
        }
        return true;
    }

    // False if not all of it fits; held_ then has the part that did.
    bool place_gang(std::uint32_t job, const Pool& pool) {
        const Shape& shape = trace_.shape_of(job);
        const int per_node = site_.cluster.gpus_per_node;
        const Gang gang = gang_of(shape.gpus, per_node);
        const Ask whole = ask(job, per_node);
        int left = gang.whole_nodes;
        for (int node = pool.first_node; node < pool.end_node && left > 0; ++node) {
            if (nodes_.fits(whole, node)) {
                held_[job].push_back(nodes_.take(whole, node));
                --left;
            }
        }
        if (left > 0 || !gang.has_rest) {
            return left == 0;
        }
        const Ask rest = ask(job, gang.rest_gpus);
        const int best =
            best_node(rest, pool, gang.whole_nodes > 0 ? Prefer::Emptiest : Prefer::Fullest);
        if (best < 0) {
            return false;
        }
        held_[job].push_back(nodes_.take(rest, best));
        return true;
    }

    // The fullest of a pool that has room, or the emptiest; the first of equals.
    int best_node(const Ask& ask, const Pool& pool, Prefer prefer) const {
        int best = -1;
        for (int node = pool.first_node; node < pool.end_node; ++node) {
            const int free = nodes_.free_gpus(node);
            const bool is_better =
                best < 0 || (prefer == Prefer::Fullest ? free < nodes_.free_gpus(best)
                                                       : free > nodes_.free_gpus(best));
            if (is_better && nodes_.fits(ask, node)) {
                best = node;
            }
        }
        return best;
    }

    // The part of a job with so many of its GPUs.
    Ask ask(std::uint32_t job, int gpus) const {
        const Shape& shape = trace_.shape_of(job);
        return Ask{.gpus = gpus,
                   .milli_each = shape.milli_each,
                   .milli_cpus = part_of(shape.milli_cpus, shape, gpus),
                   .memory = part_of(shape.memory, shape, gpus),
                   .shape = trace_.jobs[job].shape};
    }

    const Trace& trace_;
    const Site& site_;
    Policy policy_;
    Curves curves_;
    NodeTable nodes_;
    std::vector<Pool> pools_;
    std::vector<std::size_t> pool_of_tenant_;
    std::vector<std::vector<Held>> held_;  // by jobs that run
    FinishQueue finishes_;
    std::size_t submitted_ = 0;
    std::int64_t ended_ = 0;
    std::int64_t waiting_ = 0;
    std::int64_t busy_milli_gpus_ = 0;
    EventLog log_;
    Replayed run_;
    Progress progress_;
};

}  // namespace

Result<Replayed> replay_baseline(const Trace& trace, const Site& site, Policy policy,
                                 Curves curves) {
    if (site.partition == Partition::ByTenant && site.owned.empty()) {
        return Error{ErrorCode::InvalidArgument,
                     "tenants in partitions of their own need --tenant-nodes"};
    }
    return Baseline(trace, site, policy, curves).run();
}

}  // namespace gusu::sim
