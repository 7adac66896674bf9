// What the words of a command line ask for, and what comes of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scheduler/base/result.h"
#include "tools/sim/generate.h"

namespace gusu::sim {

struct ReplayWords {
    std::string jobs;
    std::string nodes;
    int node_count = 0;
    int gpus_per_node = 0;
    std::string tenant_nodes;  // FILE:COLUMN
    bool partitioned = false;
    std::optional<double> from_s;
    std::optional<double> until_s;
    std::string preemption_cost;  // seconds, as "7,30,60"
    int preemptible_percent = 100;
    std::string checkpoint_every;
    int lendable_percent = 100;
    // What if the rules were others; see core/model/policy.h.
    std::string run_at_least;
    std::string short_job;
    std::string age_after;
    std::vector<std::int64_t> lane_bounds;
    std::string policy = "gusu";
    std::string knowledge = "none";
    std::string json;
    std::string plot;
};
Status replay(const ReplayWords& words);

struct PlaceWords {
    std::string pods;
    std::string nodes;
    std::string order;
    std::string policy = "gusu";
    std::string json;
};
Status place(const PlaceWords& words);

struct ImportWords {
    std::string format;
    std::vector<std::string> files;
    std::string out = "-";
};
Status import(const ImportWords& words);

struct GenerateWords {
    City city;
    std::string out = "-";
};
Status generate(const GenerateWords& words);

}  // namespace gusu::sim
