#include "scheduler/core/policy/domains.h"

#include <gtest/gtest.h>

#include "scheduler/core/policy/placement.h"
#include "tests/world/world.h"

namespace gusu::core {
namespace {

// Nodes n0, n1, ... of eight GPUs; the other GPUs are taken by jobs of their own.
struct NodeCase {
    const char* rack;  // "" for none
    int free_gpus;
};

struct DomainCase {
    const char* name;
    std::vector<NodeCase> nodes;
    int tasks;
    int gpus;  // per task
    Spread spread;
    std::vector<int> expected;  // node of each task; empty: nowhere
};

Demand demand_of(int tasks, int gpus, Spread spread) {
    TaskGroup group;
    group.tasks = tasks;
    group.spread = spread;
    group.per_task = {
        .milli_gpus = Amount(1000 * gpus), .milli_cpus = Amount(1000), .memory = Amount(1)};
    Demand demand;
    demand.groups = {group};
    return demand;
}

void fill(gusu::testing::World& world, const std::vector<NodeCase>& nodes) {
    (void)world.execute(CreateTenant{world.admin(), "t", {}});
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        gusu::testing::NodeWish wish{.name = "n" + std::to_string(i), .labels = {}};
        wish.labels["name"] = wish.name;
        if (*nodes[i].rack != '\0') {
            wish.labels["rack"] = nodes[i].rack;
        }
        (void)world.join(wish);
        if (nodes[i].free_gpus == 8) {
            continue;
        }
        Demand taken = demand_of(1, 8 - nodes[i].free_gpus, Spread::Anywhere);
        taken.groups[0].node_labels["name"] = wish.name;
        Submission submission;
        submission.tenant = "t";
        submission.spec.demand = std::make_shared<Demand>(taken);
        ASSERT_TRUE(world.execute(SubmitJobs{world.admin(), wish.name, {submission}}).ok());
    }
}

std::vector<int> nodes_of(const gusu::testing::World& world, const Placement& placement) {
    std::vector<int> nodes;
    for (const PlacedTask& task : placement.tasks) {
        nodes.push_back(world.state().node(task.node)->description.name[1] - '0');
    }
    return nodes;
}

constexpr auto kAnywhere = Spread::Anywhere;
constexpr auto kDistinct = Spread::DistinctNodes;

TEST(Domains, AGangGoesToTheOneWithTheLeastFreeThatHoldsIt) {
    const DomainCase cases[] = {
        {"the one with the least free", {{"a", 8}, {"a", 8}, {"b", 8}}, 2, 4, kAnywhere, {2, 2}},
        {"equal ones go by value", {{"b", 8}, {"a", 8}}, 2, 4, kAnywhere, {1, 1}},
        {"one that is too full is passed over",
         {{"a", 2}, {"a", 2}, {"b", 8}},
         2,
         4,
         kAnywhere,
         {2, 2}},
        {"free GPUs of several are no room", {{"a", 4}, {"b", 4}}, 2, 4, kAnywhere, {}},
        {"nodes without the label are in none", {{"", 8}, {"", 8}, {"a", 4}}, 2, 4, kAnywhere, {}},
        {"as few of its nodes as hold it", {{"a", 4}, {"a", 8}}, 2, 4, kAnywhere, {1, 1}},
        {"on nodes of their own", {{"a", 8}, {"b", 4}, {"b", 4}}, 2, 4, kDistinct, {1, 2}},
    };
    for (const DomainCase& wanted : cases) {
        SCOPED_TRACE(wanted.name);
        gusu::testing::World world;
        fill(world, wanted.nodes);
        Demand demand = demand_of(wanted.tasks, wanted.gpus, wanted.spread);
        demand.topology = Topology{.level = "rack", .closeness = Closeness::Required};
        EXPECT_EQ(nodes_of(world, place(demand, Plan(world.state()))), wanted.expected);

        // Who only prefers it takes the same, and else any nodes.
        demand.topology = Topology{.level = "rack"};
        const auto preferred = nodes_of(world, place(demand, Plan(world.state())));
        EXPECT_TRUE(wanted.expected.empty() ? !preferred.empty() : preferred == wanted.expected);
        demand.topology->wait = Duration(1);
        EXPECT_EQ(nodes_of(world, place(demand, Plan(world.state()))), wanted.expected);
    }
}

TEST(Domains, TasksAreSpreadEvenly) {
    const DomainCase cases[] = {
        {"as many in each", {{"a", 8}, {"b", 8}}, 4, 1, kAnywhere, {0, 0, 1, 1}},
        {"one more where the least is free", {{"a", 8}, {"b", 4}}, 3, 1, kAnywhere, {0, 1, 1}},
        {"one more where there is room for it", {{"a", 8}, {"b", 1}}, 3, 1, kAnywhere, {0, 0, 1}},
        {"a full one stops all", {{"a", 8}, {"b", 0}}, 2, 1, kAnywhere, {}},
        {"fewer tasks than domains", {{"a", 8}, {"b", 0}, {"c", 4}}, 2, 1, kAnywhere, {0, 2}},
        {"nodes without the label take none", {{"", 8}, {"a", 8}}, 2, 1, kAnywhere, {1, 1}},
        {"on nodes of their own", {{"a", 8}, {"a", 4}, {"b", 4}}, 3, 1, kDistinct, {1, 0, 2}},
        {"too few nodes in one", {{"a", 8}, {"b", 4}}, 4, 1, kDistinct, {}},
    };
    for (const DomainCase& wanted : cases) {
        SCOPED_TRACE(wanted.name);
        gusu::testing::World world;
        fill(world, wanted.nodes);
        Demand demand = demand_of(wanted.tasks, wanted.gpus, wanted.spread);
        demand.groups[0].spread_over = "rack";
        EXPECT_EQ(nodes_of(world, place(demand, Plan(world.state()))), wanted.expected);
    }
}

struct ExclusiveCase {
    const char* name;
    std::vector<NodeCase> nodes;
    int tasks;
    int gpus;
    std::vector<int> expected;
    std::int64_t held_gpus;
};

TEST(Exclusive, GoesWhereNothingIsAndHoldsAllOfIt) {
    const ExclusiveCase cases[] = {
        {"not beside another", {{"a", 7}, {"a", 8}}, 1, 1, {1}, 8},
        {"its own tasks are no others", {{"a", 8}, {"a", 8}}, 3, 4, {0, 0, 1}, 16},
        {"nowhere", {{"a", 7}, {"b", 7}}, 1, 1, {}, 0},
        {"without GPUs it holds them as well", {{"a", 8}}, 1, 0, {0}, 8},
    };
    for (const ExclusiveCase& wanted : cases) {
        SCOPED_TRACE(wanted.name);
        gusu::testing::World world;
        fill(world, wanted.nodes);
        Demand demand = demand_of(wanted.tasks, wanted.gpus, Spread::Anywhere);
        demand.tenant = world.state().tenant("t")->id;
        demand.sharing = Sharing::Exclusive;
        demand.preemption = Preemption::Allowed;
        const Placement placement = place(demand, Plan(world.state()));
        EXPECT_EQ(nodes_of(world, placement), wanted.expected);
        EXPECT_EQ(gpus_held(placement.tasks)[kAnyAccelerator].units(), wanted.held_gpus * 1000);
        Plan plan(world.state());
        for (const PlacedTask& task : placement.tasks) {
            plan.take(task, demand);
        }
        for (const PlacedTask& task : placement.tasks) {
            EXPECT_TRUE(plan.room(*world.state().node(task.node)).is_nothing());
        }
    }
}

}  // namespace
}  // namespace gusu::core
