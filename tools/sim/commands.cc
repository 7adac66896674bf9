#include "tools/sim/commands.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "scheduler/base/text.h"
#include "tools/sim/baseline.h"
#include "tools/sim/core_replay.h"
#include "tools/sim/curves.h"
#include "tools/sim/import.h"
#include "tools/sim/job_list.h"
#include "tools/sim/placement_study.h"
#include "tools/sim/report.h"

namespace gusu::sim {
namespace {

using Json = nlohmann::ordered_json;

Error wrong(const std::string& what) { return Error{ErrorCode::InvalidArgument, what}; }

template <typename Choice, std::size_t count>
Result<Choice> choose(const std::string& option, const std::string& given,
                      const std::array<Choice, count>& choices) {
    std::string known;
    for (const Choice choice : choices) {
        if (given == word(choice)) {
            return choice;
        }
        known += (known.empty() ? "" : ", ") + std::string(word(choice));
    }
    return wrong(option + ": " + quote(given) + " is unknown; known: " + known);
}

Result<Policy> policy_of(const ReplayWords& words) {
    return choose("--policy", words.policy,
                  std::array{Policy::Gusu, Policy::Fifo, Policy::FifoSkip});
}

Result<Knowledge> knowledge_of(const ReplayWords& words) {
    return choose("--knowledge", words.knowledge,
                  std::array{Knowledge::None, Knowledge::History, Knowledge::Oracle});
}

Result<std::array<Duration, 3>> costs_of(const std::string& text) {
    std::array<Duration, 3> costs{};
    if (text.empty()) {
        return costs;
    }
    std::size_t begin = 0;
    for (std::size_t i = 0; i < costs.size(); ++i) {
        const bool is_last = i + 1 == costs.size();
        const std::size_t end = is_last ? text.size() : text.find(',', begin);
        const auto seconds = end == std::string::npos
                                 ? Result<std::int64_t>(wrong(""))
                                 : parse_milli(text.substr(begin, end - begin));
        if (!seconds) {
            return wrong("--preemption-cost: " + quote(text) +
                         "; give seconds for jobs of 1, 2 to 8 and more GPUs, as 7,30,60");
        }
        costs[i] = Duration(*seconds);
        begin = end + 1;
    }
    return costs;
}

// "FILE:COLUMN".
Result<std::vector<TenantNodes>> owned_of(const std::string& text) {
    if (text.empty()) {
        return std::vector<TenantNodes>{};
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) {
        return wrong("--tenant-nodes: " + quote(text) + "; give FILE:COLUMN");
    }
    return read_tenant_nodes(text.substr(0, colon), text.substr(colon + 1));
}

Result<Cluster> cluster_of(const ReplayWords& words, const std::vector<TenantNodes>& owned) {
    if (!words.nodes.empty()) {
        auto cluster = read_nodes(words.nodes);
        if (cluster && words.gpus_per_node > 0) {
            cluster->gpus_per_node = words.gpus_per_node;
        }
        return cluster;
    }
    if (words.node_count > 0) {
        return words.gpus_per_node > 0
                   ? Result<Cluster>(uniform_cluster(words.node_count, words.gpus_per_node))
                   : wrong("--node-count needs --gpus-per-node");
    }
    int nodes = 0;
    for (const TenantNodes& tenant : owned) {
        if (tenant.gpus_per_node != owned.front().gpus_per_node) {
            return wrong("--tenant-nodes: nodes of different sizes; give --nodes too");
        }
        nodes += tenant.nodes;
    }
    return nodes > 0 ? Result<Cluster>(uniform_cluster(nodes, owned.front().gpus_per_node))
                     : wrong(
                           "give --nodes FILE, --node-count N with --gpus-per-node K, or "
                           "--tenant-nodes FILE:COLUMN");
}

Result<core::Policy> rules_of(const ReplayWords& words) {
    core::Policy rules;
    const std::tuple<const char*, const std::string&, Duration&> durations[] = {
        {"--run-at-least", words.run_at_least, rules.runs_at_least},
        {"--short-job", words.short_job, rules.short_job},
        {"--age-after", words.age_after, rules.ages_after}};
    for (const auto& [option, word, rule] : durations) {
        const auto given = word.empty() ? Result(rule) : parse_duration(word);
        if (!given) {
            return wrong(option + std::string(": ") + given.error().message);
        }
        rule = *given;
    }
    if (!words.lane_bounds.empty()) {
        rules.lane_bounds_gpu_hours = words.lane_bounds;
    }
    if (!std::ranges::is_sorted(rules.lane_bounds_gpu_hours)) {
        return wrong("--lane-bounds: must ascend");
    }
    return rules;
}

Result<Site> site_of(const ReplayWords& words) {
    auto owned = owned_of(words.tenant_nodes);
    if (!owned) {
        return owned.error();
    }
    auto cluster = cluster_of(words, *owned);
    const auto costs = costs_of(words.preemption_cost);
    const auto knowledge = knowledge_of(words);
    const auto rules = rules_of(words);
    if (!cluster || !costs) {
        return !cluster ? cluster.error() : costs.error();
    }
    if (!knowledge || !rules) {
        return !knowledge ? knowledge.error() : rules.error();
    }
    Site site{.cluster = std::move(*cluster),
              .owned = std::move(*owned),
              .lendable_percent = words.lendable_percent,
              .partition = words.partitioned ? Partition::ByTenant : Partition::Shared,
              .knowledge = *knowledge,
              .preemptible_percent = words.preemptible_percent,
              .checkpoint_every = {},
              .preemption_cost = *costs,
              .rules = *rules};
    if (!words.checkpoint_every.empty()) {
        const auto every = parse_duration(words.checkpoint_every);
        if (!every || every->count() <= 0) {
            return wrong("--checkpoint-every: " +
                         (every ? "must be above zero" : every.error().message));
        }
        site.checkpoint_every = *every;
    }
    std::size_t owned_nodes = 0;
    for (const TenantNodes& tenant : site.owned) {
        owned_nodes += static_cast<std::size_t>(tenant.nodes);
    }
    if (words.partitioned && (site.owned.empty() || owned_nodes > site.cluster.nodes.size())) {
        return wrong(
            "--partitioned: needs --tenant-nodes, and no more of them than the cluster has");
    }
    return site;
}

JobFilter filter_of(const ReplayWords& words, const Site& site) {
    JobFilter filter;
    if (words.from_s) {
        filter.from = Duration(std::llround(*words.from_s * 1000));
    }
    if (words.until_s) {
        filter.until = Duration(std::llround(*words.until_s * 1000));
    }
    for (const TenantNodes& tenant : site.owned) {
        filter.tenants.push_back(tenant.tenant);
    }
    return filter;
}

// Which question the report answers: nobody should have to guess it later.
Json heading(const ReplayWords& words, const Site& site) {
    Json costs = Json::array();
    for (const Duration cost : site.preemption_cost) {
        costs.push_back(static_cast<double>(cost.count()) / 1000);
    }
    return Json{
        {"policy", words.policy},
        {"knowledge", words.knowledge},
        {"jobs_file", words.jobs},
        {"nodes", site.cluster.nodes.size()},
        {"gpus", site.cluster.gpus()},
        {"partitioned", words.partitioned},
        {"preemption_cost_s", costs},
        {"preemptible_percent", site.preemptible_percent},
        {"lendable_percent", site.lendable_percent},
        {"checkpoint_every_s",
         site.checkpoint_every ? Json(static_cast<double>(site.checkpoint_every->count()) / 1000)
                               : Json()}};
}

// Means over jobs are worth little if some are not among them.
void warn_of_odd_ends(const Json& report) {
    const std::pair<const char*, const char*> odd[] = {
        {"refused", "were refused as impossible on this cluster"},
        {"unfinished", "were never started"},
        {"failed", "were ended by the core before their time"}};
    for (const auto& [key, what] : odd) {
        if (report[key] != 0) {
            std::cerr << "gusu-sim: " << report[key] << " jobs " << what << "\n";
        }
    }
}

Status tell(const Json& report, const std::string& json) {
    if (json != "-") {
        std::cout << as_table(report);
    }
    return json.empty() ? Status(Done{}) : write_report(report, json);
}

}  // namespace

Status replay(const ReplayWords& words) {
    const auto policy = policy_of(words);
    const auto site = site_of(words);
    if (!policy || !site) {
        return policy ? site.error() : policy.error();
    }
    if (*policy == Policy::Gusu && words.partitioned) {
        return wrong("--partitioned is for --policy fifo and fifo-skip; the core gives guarantees");
    }
    const auto trace = read_jobs(words.jobs, filter_of(words, *site));
    if (!trace) {
        return trace.error();
    }
    const Curves curves = words.plot.empty() ? Curves::No : Curves::Yes;
    const auto run = *policy == Policy::Gusu ? replay_with_core(*trace, *site, curves)
                                             : replay_baseline(*trace, *site, *policy, curves);
    if (!run) {
        return run.error();
    }
    Json report = heading(words, *site);
    report.update(report_of(*trace, *site, *run));
    if (const Status told = tell(report, words.json); !told) {
        return told;
    }
    warn_of_odd_ends(report);
    return words.plot.empty()
               ? Status(Done{})
               : draw_curves({.trace = *trace, .site = *site, .run = *run, .title = words.policy},
                             words.plot);
}

Status place(const PlaceWords& words) {
    if (words.policy != "gusu" && words.policy != "first-fit") {
        return wrong("--policy: " + quote(words.policy) + " is unknown; known: gusu, first-fit");
    }
    auto cluster = read_nodes(words.nodes);
    if (!cluster) {
        return cluster.error();
    }
    const Site site{.cluster = std::move(*cluster), .owned = {}, .checkpoint_every = {}};
    const auto trace = read_jobs(words.pods, JobFilter{.durations = Durations::Unused});
    if (!trace) {
        return trace.error();
    }
    const auto arrivals = read_arrivals(words.order, *trace, site.cluster);
    if (!arrivals) {
        return arrivals.error();
    }
    const auto allocation = place_all(*trace, site, *arrivals,
                                      words.policy == "gusu" ? Placer::Core : Placer::FirstFit);
    if (!allocation) {
        return allocation.error();
    }
    Json percents = Json::object();
    for (const auto& [arrived, allocated] : allocation->allocated_percent) {
        percents[std::to_string(arrived)] = allocated;
    }
    const double wall = std::max(allocation->wall_s, 1e-9);
    return tell(
        Json{{"policy", words.policy},
             {"pods_file", words.pods},
             {"order_file", words.order},
             {"nodes", site.cluster.nodes.size()},
             {"gpus", site.cluster.gpus()},
             {"jobs", arrivals->jobs.size()},
             {"placed", allocation->placed},
             {"refused", allocation->refused},
             {"allocated_percent", percents},
             {"events", allocation->events},
             {"wall_s", std::round(wall * 1000) / 1000},
             {"events_per_s", std::round(static_cast<double>(allocation->events) / wall)},
             {"placements_per_s", std::round(static_cast<double>(allocation->placed) / wall)},
             {"log_sha256", allocation->log_sha256}},
        words.json);
}

Status import(const ImportWords& words) {
    const auto made = import_trace(words.format, words.files);
    if (!made) {
        return made.error();
    }
    std::cerr << "gusu-sim: " << made->jobs << " lines";
    if (made->left_out > 0) {
        std::cerr << "; " << made->left_out << " jobs that never ran are left out";
    }
    std::cerr << "\n";
    return write_text(made->csv, words.out);
}

Status generate(const GenerateWords& words) {
    const auto jobs = generate(words.city);
    std::cerr << "gusu-sim: " << jobs.size() << " jobs from seed " << words.city.seed << "\n";
    return write_text(to_csv(jobs), words.out);
}

}  // namespace gusu::sim
