#include "scheduler/core/policy/elastic.h"

#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gusu::core {
namespace {

using gusu::testing::NodeWish;
using gusu::testing::World;

TaskGroup group_of(int tasks, int min_tasks, int gpus) {
    TaskGroup group;
    group.tasks = tasks;
    group.min_tasks = min_tasks;
    group.per_task = {
        .milli_gpus = Amount(gpus * 1000), .milli_cpus = Amount(1000), .memory = Amount(1)};
    return group;
}

Demand demand_of(const World& world, std::vector<TaskGroup> groups) {
    Demand demand;
    demand.tenant = world.state().tenant("t")->id;
    demand.groups = std::move(groups);
    return demand;
}

// Nodes with so many GPUs, and a tenant.
void make(World& world, const std::vector<int>& gpus) {
    (void)world.execute(CreateTenant{world.admin(), "t", {}});
    for (std::size_t i = 0; i < gpus.size(); ++i) {
        NodeWish wish{.name = "n" + std::to_string(i), .labels = {}};
        wish.gpus = gpus[i];
        (void)world.join(wish);
    }
}

std::vector<int> tasks_by_group(const std::vector<PlacedTask>& tasks, std::size_t groups) {
    std::vector<int> counts(groups);
    for (const PlacedTask& task : tasks) {
        ++counts[static_cast<std::size_t>(task.group)];
    }
    return counts;
}

TEST(PlaceMost, TakesAllOrTheMostThatFits) {
    struct Case {
        const char* name;
        std::vector<int> gpus;  // of nodes
        std::vector<TaskGroup> groups;
        std::vector<int> expected;  // tasks of each group
    };
    const Case cases[] = {
        {"all of it", {8, 8}, {group_of(4, 1, 4)}, {4}},
        {"what fits", {8, 6}, {group_of(4, 1, 4)}, {3}},
        {"just the least", {8, 3}, {group_of(4, 2, 4)}, {2}},
        {"not even the least", {8, 3}, {group_of(4, 3, 4)}, {0}},
        {"what is not elastic is whole", {8}, {group_of(2, 0, 2), group_of(4, 1, 2)}, {2, 2}},
        {"the first group first", {8}, {group_of(3, 1, 2), group_of(3, 1, 2)}, {3, 1}},
        {"not elastic at all", {8}, {group_of(3, 0, 4)}, {0}},
    };
    for (const Case& c : cases) {
        World world;
        make(world, c.gpus);
        const Placement placement = place_most(demand_of(world, c.groups), Plan(world.state()));
        EXPECT_EQ(tasks_by_group(placement.tasks, c.groups.size()), c.expected) << c.name;
    }
}

TEST(PlaceMost, StaysWithinTheLimit) {
    World world;
    make(world, {8, 8});
    ASSERT_TRUE(world
                    .execute(SetQuota{.caller = world.admin(),
                                      .tenant = "t",
                                      .accelerator = "nvidia-h200",
                                      .guaranteed = {},
                                      .limit = Amount(5'000),
                                      .lendable = {}})
                    .ok());
    const Placement placement =
        place_most(demand_of(world, {group_of(8, 1, 2)}), Plan(world.state()));
    EXPECT_EQ(placement.tasks.size(), 2U);
}

TEST(Surplus, IsWhatIsAboveTheLeastLastRanksFirst) {
    World world;
    make(world, {8});
    Submission submission;
    submission.tenant = "t";
    submission.spec.demand =
        std::make_shared<Demand>(demand_of(world, {group_of(1, 0, 1), group_of(4, 2, 1)}));
    const JobId id{world.state().next_id()};
    ASSERT_TRUE(world.execute(SubmitJobs{world.admin(), "r", {submission}}).ok());
    const auto ranks = [&] {
        std::vector<int> found;
        for (const SurplusTask& task : surplus_of(*world.state().job(id))) {
            found.push_back(task.rank);
        }
        return found;
    };
    EXPECT_EQ(ranks(), (std::vector<int>{4, 3}));
    // One that has ended by itself is no more to be spared, but another still is.
    (void)world.observe(id, 4, TaskEnded{.at = {}, .ending = {}});
    EXPECT_EQ(ranks(), (std::vector<int>{3, 2}));
    const auto shrinks = as_shrinks(surplus_of(*world.state().job(id)));
    ASSERT_EQ(shrinks.size(), 1U);
    EXPECT_EQ(shrinks.front().ranks, (std::vector<int>{2, 3}));
}

}  // namespace
}  // namespace gusu::core
