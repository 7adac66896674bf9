#include "scheduler/core/policy/placement.h"

#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gusu::core {
namespace {

struct PlacementCase {
    const char* name;
    std::vector<int> free_gpus;  // of nodes n0, n1, ...
    int tasks;
    double gpus;  // per task
    Spread spread;
    std::vector<int> expected;  // node of each task; empty: nowhere
};

Demand demand_of(const PlacementCase& wanted) {
    TaskGroup group;
    group.tasks = wanted.tasks;
    group.spread = wanted.spread;
    group.per_task = {.milli_gpus = Amount(static_cast<std::int64_t>(wanted.gpus * 1000)),
                      .milli_cpus = Amount(1000),
                      .memory = Amount(1)};
    Demand demand;
    demand.groups = {group};
    return demand;
}

// Nodes whose other GPUs are taken by jobs of their own.
void fill(gusu::testing::World& world, const std::vector<int>& free_gpus) {
    (void)world.execute(CreateTenant{world.admin(), "t", {}});
    for (std::size_t i = 0; i < free_gpus.size(); ++i) {
        gusu::testing::NodeWish wish{.name = "n" + std::to_string(i), .labels = {}};
        wish.labels["name"] = wish.name;
        (void)world.join(wish);
        Demand taken = demand_of({"", {}, 1, 8.0 - free_gpus[i], Spread::Anywhere, {}});
        taken.groups[0].node_labels = wish.labels;
        Submission submission;
        submission.tenant = "t";
        submission.spec.demand = std::make_shared<Demand>(taken);
        ASSERT_TRUE(world.execute(SubmitJobs{world.admin(), wish.name, {submission}}).ok());
    }
}

TEST(Placement, ChoosesByTheFullestThatFits) {
    const PlacementCase cases[] = {
        {"the fullest that fits", {8, 4, 2}, 1, 3, Spread::Anywhere, {1}},
        {"equal nodes go by id", {4, 4}, 1, 4, Spread::Anywhere, {0}},
        {"nothing fits", {2, 2}, 1, 4, Spread::Anywhere, {}},
        {"a gang on one node if one holds it", {4, 8}, 4, 2, Spread::Anywhere, {1, 1, 1, 1}},
        {"a gang on as few nodes as hold it", {2, 8, 4}, 5, 2, Spread::Anywhere, {1, 1, 1, 1, 0}},
        {"a gang that does not fit whole", {4, 4}, 3, 4, Spread::Anywhere, {}},
        {"each on a node of its own", {2, 8, 4}, 2, 2, Spread::DistinctNodes, {0, 2}},
        {"not enough nodes", {8, 1}, 2, 2, Spread::DistinctNodes, {}},
        {"tasks without GPUs", {1, 1}, 2, 0, Spread::Anywhere, {0, 0}},
    };
    for (const PlacementCase& wanted : cases) {
        SCOPED_TRACE(wanted.name);
        gusu::testing::World world;
        fill(world, wanted.free_gpus);
        const Placement placement = place(demand_of(wanted), Plan(world.state()));
        std::vector<int> nodes;
        for (const PlacedTask& task : placement.tasks) {
            nodes.push_back(world.state().node(task.node)->description.name[1] - '0');
        }
        EXPECT_EQ(nodes, wanted.expected);
    }
}

TEST(Placement, LeavesThePlanItWasGivenAsItWas) {
    gusu::testing::World world;
    fill(world, {4});
    const Plan plan(world.state());
    const Demand all = demand_of({"", {}, 1, 4, Spread::Anywhere, {}});
    EXPECT_TRUE(place(all, plan).found());
    EXPECT_TRUE(place(all, plan).found());
}

TEST(Placement, NeverSplitsATaskOverTwoShares) {
    gusu::testing::World world;
    fill(world, {1});
    EXPECT_TRUE(
        place(demand_of({"", {}, 2, 0.5, Spread::Anywhere, {}}), Plan(world.state())).found());
    EXPECT_FALSE(
        place(demand_of({"", {}, 2, 0.6, Spread::Anywhere, {}}), Plan(world.state())).found());
}

}  // namespace
}  // namespace gusu::core
