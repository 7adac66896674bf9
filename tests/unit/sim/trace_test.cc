#include "tools/sim/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sim/scratch_file.h"
#include "tools/sim/platform.h"

namespace gusu::sim {
namespace {

using testing::ElementsAre;

TEST(Gang, TakesWholeNodesAndARest) {
    const struct {
        const char* name;
        int gpus;
        int per_node;
        Gang expected;
    } cases[] = {
        {"CPUs only", 0, 8, {0, 0, true}},       {"one", 1, 8, {0, 1, true}},
        {"a whole node", 8, 8, {0, 8, true}},    {"two nodes", 16, 8, {2, 0, false}},
        {"one and a half", 12, 8, {1, 4, true}}, {"large nodes", 32, 32, {0, 32, true}},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(gang_of(each.gpus, each.per_node), each.expected) << each.name;
    }
}

TEST(Gang, IsAskedForAsGroupsOfTasks) {
    const auto groups =
        task_groups({.gpus = 12, .milli_cpus = 120'000, .memory = 1200, .models = {"A", "B"}}, 8);
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups[0].tasks, 1);
    EXPECT_EQ(groups[0].per_task, (core::Resources{Amount(8000), Amount(80'000), Amount(800)}));
    EXPECT_EQ(groups[1].per_task, (core::Resources{Amount(4000), Amount(40'000), Amount(400)}));
    EXPECT_THAT(groups[1].accelerators, ElementsAre("A", "B"));
    const auto share = task_groups({.gpus = 1, .milli_each = 250, .models = {}}, 8);
    EXPECT_EQ(share.at(0).per_task.milli_gpus, Amount(250));
    EXPECT_EQ(task_groups({.gpus = 32, .models = {}}, 8).at(0).spread, core::Spread::DistinctNodes);
}

TEST(Trace, IsSortedBySubmissionAndCountsFromTheFirst) {
    const ScratchFile file(
        "job_id,submit_s,duration_s,gpus,tenant,exclusive_s\n"
        "a,30,1,1,x,\nb,-10,2,2,y,5\nc,30,3,1,x,6\n");
    const auto trace = read_jobs(file.path(), {});
    ASSERT_TRUE(trace.ok()) << trace.error().message;
    EXPECT_THAT(trace->ids, ElementsAre("b", "a", "c"));
    EXPECT_EQ(trace->origin, Duration(-10'000));
    EXPECT_EQ(trace->jobs[1].submit, Duration(40'000));
    EXPECT_EQ(trace->jobs[1].shape, trace->jobs[2].shape);
    EXPECT_EQ(trace->tenants[trace->jobs[0].tenant], "y");
    EXPECT_EQ(trace->alone[0], Duration(5000));
    EXPECT_EQ(trace->alone[1], std::nullopt);
}

TEST(Trace, LeavesOutWhatIsFiltered) {
    const ScratchFile file(
        "job_id,submit_s,duration_s,gpus,tenant\n"
        "a,0,1,1,x\nb,10,1,1,x\nc,15,1,1,y\nd,20,1,1,x\n");
    const JobFilter filter{.from = Duration(10'000), .until = Duration(20'000), .tenants = {"x"}};
    EXPECT_THAT(read_jobs(file.path(), filter)->ids, ElementsAre("b"));
}

TEST(Trace, SharesAndModels) {
    const ScratchFile file(
        "job_id,submit_s,duration_s,gpus,gpu_model,gpu_fraction_milli\n"
        "a,,,1,V100|A10,460\nb,,,3,,0\nc,,,2,,\n");
    const auto trace = read_jobs(file.path(), JobFilter{.durations = Durations::Unused});
    ASSERT_TRUE(trace.ok()) << trace.error().message;
    EXPECT_EQ(trace->shape_of(0).milli_gpus(), 460);
    EXPECT_THAT(trace->shape_of(0).models, ElementsAre("A10", "V100"));
    EXPECT_EQ(trace->shape_of(1).milli_gpus(), 0);
    EXPECT_EQ(trace->shape_of(2).milli_gpus(), 2000);
}

TEST(Trace, TenantsBecomePaths) {
    EXPECT_EQ(tenant_path("cohort-0/cq-1"), "cohort-0/cq-1");
    EXPECT_EQ(tenant_path("Vision Lab"), "vision_lab");
}

}  // namespace
}  // namespace gusu::sim
