#include "tools/sim/placement_study.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "scheduler/base/text.h"
#include "tools/sim/node_table.h"
#include "tools/sim/platform.h"
#include "tools/sim/progress.h"
#include "tools/sim/table.h"

namespace gusu::sim {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kReported[] = {80, 90, 95, 100, 110, 120, 130};

// What is allocated, as pods arrive.
class Tally {
public:
    explicit Tally(const Cluster& cluster)
        : capacity_(static_cast<double>(cluster.gpus()) * 1000) {}

    void arrived(const Shape& shape, bool placed) {
        arrived_ += shape.milli_gpus();
        allocated_ += placed ? shape.milli_gpus() : 0;
        (placed ? result_.placed : result_.refused) += 1;
        Bin& bin = bins_[static_cast<int>(std::lround(percent(arrived_)))];
        bin.sum += percent(allocated_);
        bin.arrivals += 1;
    }

    Allocation finish() {
        for (const int reported : kReported) {
            if (const auto found = bins_.find(reported); found != bins_.end()) {
                const double mean = found->second.sum / static_cast<double>(found->second.arrivals);
                result_.allocated_percent[reported] = std::round(mean * 100) / 100;
            }
        }
        return std::move(result_);
    }

private:
    struct Bin {
        double sum = 0;
        std::int64_t arrivals = 0;
    };
    double percent(std::int64_t milli) const {
        return 100 * static_cast<double>(milli) / capacity_;
    }

    double capacity_;
    std::int64_t arrived_ = 0;
    std::int64_t allocated_ = 0;
    std::map<int, Bin> bins_;
    Allocation result_;
};

// Asks the core for one pod after another, a second apart.
class CorePlacer {
public:
    CorePlacer(const Trace& trace, const Site& site) : platform_(trace, site) {}

    Status found() { return platform_.found(); }

    bool place(std::uint32_t job) {
        now_ += Duration(1000);
        const auto submitted = platform_.submit_as(++number_, job, now_);
        if (!submitted) {
            return false;
        }
        const JobId id = std::get<core::JobSubmitted>(submitted->front().body).job;
        (void)platform_.step(now_);
        const core::Job* known = platform_.state().job(id);
        if (known != nullptr && known->is_placed()) {
            return true;
        }
        (void)platform_.execute(
            core::CancelJobs{.caller = platform_.admin(), .jobs = {{.job = id, .array_index = {}}}},
            now_);
        (void)platform_.step(now_);
        return false;
    }

    EventLog& log() { return platform_.log(); }

private:
    Platform platform_;
    Time now_;
    std::uint64_t number_ = 0;
};

// The first node that has room, in a given order.
class FirstFitPlacer {
public:
    FirstFitPlacer(const Trace& trace, const Site& site, const Arrivals& arrivals)
        : trace_(trace), nodes_(site.cluster, trace.shapes), order_(arrivals.nodes) {}

    Status found() { return Done{}; }

    bool place(std::uint32_t job) {
        const Shape& shape = trace_.shape_of(job);
        const Ask ask{.gpus = shape.gpus,
                      .milli_each = shape.milli_each,
                      .milli_cpus = shape.milli_cpus,
                      .memory = shape.memory,
                      .shape = trace_.jobs[job].shape};
        log_.submitted(++number_, Time{});
        const auto node =
            std::ranges::find_if(order_, [&](int each) { return nodes_.fits(ask, each); });
        if (node == order_.end()) {
            return false;
        }
        (void)nodes_.take(ask, *node);
        log_.placed(number_, Time{});
        log_.on_node(*node, shape.gpus);
        return true;
    }

    EventLog& log() { return log_; }

private:
    const Trace& trace_;
    NodeTable nodes_;
    const std::vector<int>& order_;
    EventLog log_;
    std::uint64_t number_ = 0;
};

template <typename AnyPlacer>
Result<Allocation> place_each(AnyPlacer placer, const Trace& trace, const Site& site,
                              const Arrivals& arrivals) {
    if (const Status founded = placer.found(); !founded) {
        return founded.error();
    }
    const std::int64_t events_before = placer.log().events();
    Tally tally(site.cluster);
    Progress progress(static_cast<std::int64_t>(arrivals.jobs.size()));
    std::int64_t done = 0;
    const auto began = Clock::now();
    for (const std::uint32_t job : arrivals.jobs) {
        tally.arrived(trace.shape_of(job), placer.place(job));
        progress.at(++done);
    }
    Allocation allocation = tally.finish();
    allocation.wall_s = std::chrono::duration<double>(Clock::now() - began).count();
    allocation.events = placer.log().events() - events_before;
    allocation.log_sha256 = placer.log().sha256();
    return allocation;
}

class ArrivalsReader {
public:
    ArrivalsReader(const Trace& trace, const Cluster& cluster) {
        for (std::size_t job = 0; job < trace.ids.size(); ++job) {
            jobs_.emplace(trace.ids[job], static_cast<std::uint32_t>(job));
        }
        for (std::size_t node = 0; node < cluster.nodes.size(); ++node) {
            nodes_.emplace(cluster.nodes[node].name, static_cast<int>(node));
        }
    }

    Status add_line(const Table& table, int job_column, int node_column) {
        const auto job = jobs_.find(table.field(job_column));
        if (job == jobs_.end()) {
            return table.error(job_column,
                               quote(table.field(job_column)) + " is not among the pods");
        }
        arrivals_.jobs.push_back(job->second);
        if (const std::string_view name = table.field(node_column); !name.empty()) {
            const auto node = nodes_.find(name);
            if (node == nodes_.end()) {
                return table.error(node_column, quote(name) + " is not among the nodes");
            }
            arrivals_.nodes.push_back(node->second);
        }
        return Done{};
    }

    Arrivals finish() {
        if (arrivals_.nodes.empty()) {
            for (const auto& [name, node] : nodes_) {
                arrivals_.nodes.push_back(node);
            }
            std::ranges::sort(arrivals_.nodes);
        }
        return std::move(arrivals_);
    }

private:
    std::map<std::string, std::uint32_t, std::less<>> jobs_;
    std::map<std::string, int, std::less<>> nodes_;
    Arrivals arrivals_;
};

}  // namespace

Result<Arrivals> read_arrivals(const std::string& path, const Trace& trace,
                               const Cluster& cluster) {
    auto table = Table::open(path);
    if (!table) {
        return table.error();
    }
    const auto job_column = table->require("job_id");
    if (!job_column) {
        return job_column.error();
    }
    const int node_column = table->find("node_at_rank");
    ArrivalsReader reader(trace, cluster);
    for (;;) {
        const auto more = table->next();
        if (!more) {
            return more.error();
        }
        if (!*more) {
            return reader.finish();
        }
        if (const Status added = reader.add_line(*table, *job_column, node_column); !added) {
            return added.error();
        }
    }
}

Result<Allocation> place_all(const Trace& trace, const Site& site, const Arrivals& arrivals,
                             Placer placer) {
    return placer == Placer::Core
               ? place_each(CorePlacer(trace, site), trace, site, arrivals)
               : place_each(FirstFitPlacer(trace, site, arrivals), trace, site, arrivals);
}

}  // namespace gusu::sim
