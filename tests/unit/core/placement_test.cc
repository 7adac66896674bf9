#include "scheduler/core/policy/placement.h"

#include <gtest/gtest.h>

#include <algorithm>

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

const Job& only_job_on(const gusu::testing::World& world, const std::string& node) {
    const State& state = world.state();
    return *state.job(state.node(node)->tasks.begin()->job);
}

TEST(Plan, ReleasesWhatAPlacedJobHolds) {
    gusu::testing::World world;
    fill(world, {2, 3});
    const Demand whole_node = demand_of({"", {}, 1, 8, Spread::Anywhere, {}});
    const Plan before(world.state());
    EXPECT_FALSE(place(whole_node, before).found());

    Plan plan = before;
    plan.release(only_job_on(world, "n1"));
    const Placement placement = place(whole_node, plan);
    ASSERT_TRUE(placement.found());
    EXPECT_EQ(placement.tasks.front().node, world.state().node("n1")->id);
    EXPECT_FALSE(place(whole_node, before).found());
}

TEST(Plan, TakenRoomIsTakenAndTheRestIsRanked) {
    gusu::testing::World world;
    fill(world, {4, 8});
    const Demand half = demand_of({"", {}, 1, 4, Spread::Anywhere, {}});
    Plan plan(world.state());
    std::vector<std::string> nodes;
    for (Placement next = place(half, plan); next.found(); next = place(half, plan)) {
        plan.take(next.tasks.front(), half);
        nodes.push_back(world.state().node(next.tasks.front().node)->description.name);
    }
    EXPECT_EQ(nodes, (std::vector<std::string>{"n0", "n1", "n1"}));
}

TEST(Plan, TakesNothingOfNodesOutOfWork) {
    gusu::testing::World world;
    fill(world, {0});
    (void)world.execute(DrainNode{world.admin(), "n0", "disk"});
    Plan plan(world.state());
    plan.release(only_job_on(world, "n0"));
    EXPECT_FALSE(place(demand_of({"", {}, 1, 1, Spread::Anywhere, {}}), plan).found());
}

// Jobs placed one after the other; the node of the last is asked.
struct FragmentCase {
    const char* name;
    std::vector<double> before;  // GPUs of jobs that come first, one after the other
    double gpus;
    std::vector<int> room;  // whole GPUs free on n0, n1 afterwards
};

int whole_gpus_free(const Node& node) {
    return static_cast<int>(std::ranges::count(node.room.device_milli, 1000));
}

TEST(Placement, LosesLeastToWhatOthersAskFor) {
    const FragmentCase cases[] = {
        {"a share fills the device that has it", {0.5}, 0.5, {3, 4}},
        {"a share takes another device of a node that is broken already", {0.75}, 0.75, {2, 4}},
        {"what is left of a share goes to one that fits it", {0.7, 0.5}, 0.3, {2, 4}},
        {"a whole device goes to the node with fewer", {0.75}, 1, {2, 4}},
    };
    for (const FragmentCase& wanted : cases) {
        SCOPED_TRACE(wanted.name);
        gusu::testing::World world;
        (void)world.execute(CreateTenant{world.admin(), "t", {}});
        (void)world.join({.name = "n0", .gpus = 4, .labels = {}});
        (void)world.join({.name = "n1", .gpus = 4, .labels = {}});
        std::vector<double> all = wanted.before;
        all.push_back(wanted.gpus);
        for (const double gpus : all) {
            Submission submission;
            submission.tenant = "t";
            submission.spec.demand =
                std::make_shared<Demand>(demand_of({"", {}, 1, gpus, Spread::Anywhere, {}}));
            const std::string request = std::to_string(world.state().next_id());
            ASSERT_TRUE(world.execute(SubmitJobs{world.admin(), request, {submission}}).ok());
        }
        EXPECT_EQ(whole_gpus_free(*world.state().node("n0")), wanted.room[0]);
        EXPECT_EQ(whole_gpus_free(*world.state().node("n1")), wanted.room[1]);
    }
}

}  // namespace
}  // namespace gusu::core
