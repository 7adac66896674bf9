#include "tools/sim/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace gusu::sim {
namespace {

TEST(Percentile, IsOfTheNearestRank) {
    const struct {
        const char* name;
        int values;  // 1, 2, ... of them
        int thousandths;
        int expected;
    } cases[] = {
        {"of none", 0, 990, 0},
        {"of one", 1, 500, 1},
        {"the middle", 4, 500, 2},
        {"of a hundred", 100, 990, 99},
        {"the next above", 101, 990, 100},
        {"all", 1000, 1000, 1000},
        {"of a thousand", 1000, 999, 999},
        {"least", 10, 0, 1},
    };
    for (const auto& each : cases) {
        std::vector<Duration> values;
        for (int i = 1; i <= each.values; ++i) {
            values.push_back(Duration(i));
        }
        EXPECT_EQ(percentile(values, each.thousandths), Duration(each.expected)) << each.name;
    }
}

// Two jobs of 100 s alone: one began at once, one waited for the first.
TEST(Report, TellsFairnessWhereTheTraceKnowsTimesAlone) {
    Trace trace;
    trace.tenants = {"all"};
    trace.shapes = {{.gpus = 1, .models = {}}};
    trace.jobs = {{.duration = Duration(100'000)}, {.duration = Duration(100'000)}};
    trace.ids = {"a", "b"};
    trace.alone = {Duration(100'000), Duration(80'000)};
    Replayed run;
    run.outcomes.resize(2);
    run.outcomes[0].ended = Time(Duration(100'000));
    run.outcomes[1].ended = Time(Duration(200'000));
    const Site site{.cluster = uniform_cluster(1, 1), .owned = {}, .checkpoint_every = {}};
    const auto report = report_of(trace, site, run);
    // Two share one GPU, so twice the time alone is fair.
    EXPECT_EQ(report["worst_ftf"], 1.25);
    EXPECT_EQ(report["unfair_percent"], 50.0);
    EXPECT_EQ(report["mean_queue_s"], 50.0);
    EXPECT_EQ(report["mean_jct_s"], 150.0);
    EXPECT_EQ(report["makespan_s"], 200.0);
}

}  // namespace
}  // namespace gusu::sim
