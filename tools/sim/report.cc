#include "tools/sim/report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "tools/sim/job_list.h"

namespace gusu::sim {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kMsPerSecond = 1000;
constexpr double kSecondsPerHour = 3600;
// Beyond this a job counts as treated unfairly (Shockwave, NSDI 23).
constexpr double kFairFtf = 1.05;

double seconds(Duration duration) { return static_cast<double>(duration.count()) / kMsPerSecond; }

double rounded(double value) { return std::round(value * 1000) / 1000; }

// Waiting and completion of some of the jobs.
class Times {
public:
    void add(Duration waited, Duration completed, int preemptions) {
        waited_.push_back(waited);
        completed_.push_back(completed);
        preemptions_ += preemptions;
    }

    void write_all(Json& report) {
        std::ranges::sort(waited_);
        std::ranges::sort(completed_);
        report["jobs"] = waited_.size();
        report["mean_queue_s"] = mean(waited_);
        report["p50_queue_s"] = seconds(percentile(waited_, 500));
        report["p99_queue_s"] = seconds(percentile(waited_, 990));
        report["p999_queue_s"] = seconds(percentile(waited_, 999));
        report["mean_jct_s"] = mean(completed_);
        report["p99_jct_s"] = seconds(percentile(completed_, 990));
    }

    void write_group(Json& group) {
        std::ranges::sort(waited_);
        group["jobs"] = waited_.size();
        group["mean_queue_s"] = mean(waited_);
        group["p99_queue_s"] = seconds(percentile(waited_, 990));
        group["mean_jct_s"] = mean(completed_);
        group["preemptions"] = preemptions_;
    }

    bool empty() const { return waited_.empty(); }
    std::int64_t preemptions() const { return preemptions_; }

private:
    static double mean(const std::vector<Duration>& all) {
        std::int64_t sum = 0;
        for (const Duration each : all) {
            sum += each.count();
        }
        return all.empty() ? 0
                           : rounded(static_cast<double>(sum) / static_cast<double>(all.size()) /
                                     kMsPerSecond);
    }

    std::vector<Duration> waited_;
    std::vector<Duration> completed_;
    std::int64_t preemptions_ = 0;
};

struct AllTimes {
    Times all;
    std::vector<Times> by_tenant;  // as in the trace
    std::array<Times, kSizeClassNames.size()> by_size;
    Time last_end;
};

AllTimes collect(const Trace& trace, const Replayed& run) {
    AllTimes times;
    times.by_tenant.resize(trace.tenants.size());
    for (std::size_t job = 0; job < trace.jobs.size(); ++job) {
        const JobOutcome& outcome = run.outcomes[job];
        if (!outcome.ended) {
            continue;
        }
        const TraceJob& asked = trace.jobs[job];
        const Duration completed = *outcome.ended - Time(asked.submit);
        const Duration waited = completed - asked.duration;
        const auto size = static_cast<std::size_t>(size_class(trace.shapes[asked.shape].gpus));
        for (Times* each : {&times.all, &times.by_tenant[asked.tenant], &times.by_size[size]}) {
            each->add(waited, completed, outcome.preemptions);
        }
        times.last_end = std::max(times.last_end, *outcome.ended);
    }
    return times;
}

Json tenants(const Trace& trace, const Site& site, AllTimes& times) {
    std::map<std::string, std::size_t> by_name;
    for (std::size_t i = 0; i < trace.tenants.size(); ++i) {
        by_name[trace.tenants[i]] = i;
    }
    Json all = Json::array();
    for (const auto& [name, position] : by_name) {
        Json group{{"tenant", name}};
        const auto owned = std::ranges::find(site.owned, name, &TenantNodes::tenant);
        if (owned != site.owned.end()) {
            group["guaranteed_gpus"] = std::int64_t{owned->nodes} * owned->gpus_per_node;
        }
        times.by_tenant[position].write_group(group);
        all.push_back(std::move(group));
    }
    return all;
}

Json sizes(AllTimes& times) {
    Json all = Json::array();
    for (std::size_t size = 0; size < kSizeClassNames.size(); ++size) {
        if (!times.by_size[size].empty()) {
            Json group{{"gpus", kSizeClassNames[size]}};
            times.by_size[size].write_group(group);
            all.push_back(std::move(group));
        }
    }
    return all;
}

// Finish-time fairness: completion against the time alone, stretched by how many share the cluster.
void write_fairness(Json& report, const Trace& trace, const Site& site, const Replayed& run) {
    const double crowd = static_cast<double>(trace.jobs.size()) /
                         static_cast<double>(std::max<std::int64_t>(site.cluster.gpus(), 1));
    double worst = 0;
    std::int64_t unfair = 0;
    std::int64_t counted = 0;
    for (std::size_t job = 0; job < trace.alone.size(); ++job) {
        const auto& ended = run.outcomes[job].ended;
        const auto& alone = trace.alone[job];
        if (ended && alone && alone->count() > 0) {
            const double ftf =
                seconds(*ended - Time(trace.jobs[job].submit)) / (seconds(*alone) * crowd);
            worst = std::max(worst, ftf);
            unfair += ftf > kFairFtf ? 1 : 0;
            ++counted;
        }
    }
    if (counted > 0) {
        report["worst_ftf"] = rounded(worst);
        report["unfair_percent"] =
            rounded(100 * static_cast<double>(unfair) / static_cast<double>(counted));
    }
}

}  // namespace

Duration percentile(const std::vector<Duration>& sorted, std::int64_t thousandths) {
    if (sorted.empty()) {
        return Duration(0);
    }
    const auto count = static_cast<std::int64_t>(sorted.size());
    const std::int64_t rank = (thousandths * count + 999) / 1000;
    return sorted[static_cast<std::size_t>(std::clamp<std::int64_t>(rank, 1, count) - 1)];
}

Json report_of(const Trace& trace, const Site& site, const Replayed& run) {
    AllTimes times = collect(trace, run);
    Json report;
    times.all.write_all(report);
    const std::int64_t ended = report["jobs"].get<std::int64_t>();
    report["refused"] = run.refused;
    report["failed"] = run.failed;
    report["unfinished"] = static_cast<std::int64_t>(trace.jobs.size()) - ended - run.refused;
    const double makespan = seconds(times.last_end - Time{});
    report["first_submit_s"] = seconds(trace.origin);
    report["makespan_s"] = rounded(makespan);
    double lost = 0;
    for (const JobOutcome& outcome : run.outcomes) {
        lost += outcome.lost_gpu_s;
    }
    report["preemptions"] = times.all.preemptions();
    report["lost_gpu_hours"] = rounded(lost / kSecondsPerHour);
    const double offered = static_cast<double>(site.cluster.gpus()) * makespan;
    report["utilisation"] = offered > 0 ? rounded(run.held_gpu_s / offered) : 0;
    write_fairness(report, trace, site, run);
    report["by_tenant"] = tenants(trace, site, times);
    report["by_size"] = sizes(times);
    report["events"] = run.events;
    report["placements"] = run.placements;
    report["wall_s"] = rounded(run.wall_s);
    const double wall = std::max(run.wall_s, 1e-9);
    report["events_per_s"] = std::round(static_cast<double>(run.events) / wall);
    report["placements_per_s"] = std::round(static_cast<double>(run.placements) / wall);
    report["log_sha256"] = run.log_sha256;
    return report;
}

std::string as_table(const Json& report) {
    std::size_t width = 0;
    for (const auto& [name, value] : report.items()) {
        width = std::max(width, name.size());
    }
    std::string text;
    for (const auto& [name, value] : report.items()) {
        if (!value.is_array()) {
            text += name + std::string(width + 2 - name.size(), ' ') +
                    (value.is_string() ? value.get<std::string>() : value.dump()) + "\n";
        }
    }
    return text;
}

Status write_report(const Json& report, const std::string& path) {
    return write_text(report.dump(2) + "\n", path);
}

const char* word(Policy policy) {
    switch (policy) {
        case Policy::Gusu:
            return "gusu";
        case Policy::Fifo:
            return "fifo";
        case Policy::FifoSkip:
            return "fifo-skip";
    }
    return "";
}

const char* word(Knowledge knowledge) {
    switch (knowledge) {
        case Knowledge::None:
            return "none";
        case Knowledge::History:
            return "history";
        case Knowledge::Oracle:
            return "oracle";
    }
    return "";
}

}  // namespace gusu::sim
