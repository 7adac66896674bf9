#include "scheduler/core/policy/whole_nodes.h"

#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gusu::core {
namespace {

const TenantId kTop{1};
const TenantId kLab{2};
const TenantId kClass{3};
const TenantId kOther{4};

struct HoldingCase {
    const char* name;
    std::vector<std::vector<TenantId>> jobs;  // lineages of those with firm jobs there
    Held held;
    std::vector<TenantId> lineage;
};

TEST(Holding, IsOfTheNearestTenantAboveAll) {
    const HoldingCase cases[] = {
        {"nobody", {}, Held::ByNobody, {}},
        {"one", {{kTop, kLab}}, Held::ByOne, {kTop, kLab}},
        {"one twice", {{kTop, kLab}, {kTop, kLab}}, Held::ByOne, {kTop, kLab}},
        {"siblings", {{kTop, kLab}, {kTop, kClass}}, Held::ByOne, {kTop}},
        {"one above the other", {{kTop, kLab}, {kTop}}, Held::ByOne, {kTop}},
        {"strangers", {{kTop}, {kOther}, {kTop}}, Held::BySeveral, {}},
    };
    for (const HoldingCase& wanted : cases) {
        SCOPED_TRACE(wanted.name);
        Holding holding;
        for (const auto& lineage : wanted.jobs) {
            holding = holding.with(lineage);
        }
        EXPECT_EQ(holding.held, wanted.held);
        EXPECT_EQ(holding.lineage, wanted.lineage);
    }
}

// Nodes of four GPUs; "owner" is guaranteed two of them whole. Firm jobs, one after the other.
struct FloodCase {
    const char* name;
    int nodes;
    std::vector<std::pair<const char*, int>> jobs;  // tenant and GPUs
    bool placed;                                    // the last of them
};

TEST(WholeNodes, AreLeftToThoseWhoAreGuaranteedThem) {
    const FloodCase cases[] = {
        {"a node is over", 3, {{"guest", 1}}, true},
        {"no node is over", 2, {{"guest", 1}}, false},
        {"beside its own on the node that is over", 3, {{"guest", 1}, {"guest", 3}}, true},
        {"what is over is full", 3, {{"guest", 4}, {"guest", 1}}, false},
        {"the owner breaks up its own", 2, {{"owner", 1}, {"owner", 4}}, true},
        {"not beside the owner on the owner's", 2, {{"owner", 1}, {"guest", 1}}, false},
        {"the owner beyond its own", 3, {{"owner", 4}, {"owner", 4}, {"owner", 1}}, true},
        {"beside the owner when it has enough",
         4,
         {{"owner", 3}, {"guest", 4}, {"guest", 4}},
         true},
    };
    for (const FloodCase& wanted : cases) {
        SCOPED_TRACE(wanted.name);
        gusu::testing::World world;
        for (int i = 0; i < wanted.nodes; ++i) {
            (void)world.join({.name = "n" + std::to_string(i), .gpus = 4, .labels = {}});
        }
        Policy policy;
        policy.lendable_milli = 1000;
        (void)world.execute(SetPolicy{policy});
        (void)world.execute(CreateTenant{world.admin(), "owner", {}});
        (void)world.execute(CreateTenant{world.admin(), "guest", {}});
        ASSERT_TRUE(world
                        .execute(SetQuota{.caller = world.admin(),
                                          .tenant = "owner",
                                          .accelerator = "nvidia-h200",
                                          .guaranteed = Amount(8000),
                                          .limit = {},
                                          .lendable = {},
                                          .guaranteed_nodes = 2})
                        .ok());
        JobId last;
        for (const auto& [tenant, gpus] : wanted.jobs) {
            Demand demand;
            demand.groups.resize(1);
            demand.groups[0].per_task = {
                .milli_gpus = Amount(1000 * gpus), .milli_cpus = Amount(1000), .memory = Amount(1)};
            Submission submission;
            submission.tenant = tenant;
            submission.spec.demand = std::make_shared<Demand>(demand);
            last = JobId{world.state().next_id()};
            ASSERT_TRUE(
                world.execute(SubmitJobs{world.admin(), std::to_string(last.value), {submission}})
                    .ok());
        }
        EXPECT_EQ(world.state().job(last)->is_placed(), wanted.placed);
        EXPECT_EQ(whole_nodes_missing(world.state()), 0);
    }
}

}  // namespace
}  // namespace gusu::core
