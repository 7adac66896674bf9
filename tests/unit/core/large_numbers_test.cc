// What is true of a few is true of very many.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/world/world.h"

namespace gusu::core {
namespace {

using testing::World;

std::shared_ptr<const Demand> gpus(int whole, Preemption preemption) {
    auto demand = std::make_shared<Demand>();
    TaskGroup group;
    group.per_task = {
        .milli_gpus = Amount(whole * 1000), .milli_cpus = Amount(1000), .memory = Amount(1 << 30)};
    demand->groups = {group};
    demand->preemption = preemption;
    return demand;
}

SubmitJobs request(const World& world, const std::string& id, Submission submission) {
    SubmitJobs command{.caller = world.admin(), .request_id = id, .submissions = {}};
    command.submissions.push_back(std::move(submission));
    return command;
}

int count_stops(const Events& events) {
    return static_cast<int>(std::ranges::count_if(events, [](const Event& event) {
        return std::holds_alternative<JobStopRequested>(event.body);
    }));
}

int count_starts(const Events& events) {
    return static_cast<int>(std::ranges::count_if(
        events, [](const Event& event) { return std::holds_alternative<JobPlaced>(event.body); }));
}

TEST(LargeNumbers, AnArrayOfAHundredThousandIsOneRecordAndRunsAsManyAtOnceAsItMay) {
    constexpr int kElements = 100'000;
    World world;
    ASSERT_TRUE(world.join({.name = "n1", .gpus = 8, .labels = {}}));
    ASSERT_TRUE(world.execute(CreateTenant{world.admin(), "t", {}}));
    Submission array;
    array.spec.name = "sweep";
    array.spec.demand = gpus(1, Preemption::Forbidden);
    for (int i = 0; i < kElements; ++i) {
        array.array_indices.push_back(i);
    }
    array.array_max_running = 5;
    const auto submitted = world.execute(request(world, "sweep", std::move(array)));
    ASSERT_TRUE(submitted) << submitted.error().message;
    EXPECT_EQ(submitted->size(), 1U + 5U) << "one event for all, and the starts";

    const JobId id = std::get<JobSubmitted>(submitted->front().body).job;
    const JobId last{id.value + kElements};
    EXPECT_EQ(world.state().job(last)->spec, world.state().array(id)->spec);
    EXPECT_EQ(world.state().throttled_jobs(), kElements - 5U);
    const auto ended =
        world.observe(world.state().placed().begin()->second, 0, TaskEnded{.at = {}, .ending = {}});
    ASSERT_TRUE(ended);
    EXPECT_EQ(count_starts(*ended), 1);

    const auto cancelled = world.execute(CancelJobs{world.admin(), {JobRef{id, std::nullopt}}});
    ASSERT_TRUE(cancelled) << cancelled.error().message;
    EXPECT_EQ(count_stops(*cancelled), 5);
    EXPECT_EQ(world.state().throttled_jobs(), 0U);
}

TEST(LargeNumbers, AThousandTenantsAtTheirGuaranteeStopNobody) {
    constexpr int kTenants = 1'000;
    World world;
    for (int i = 0; i < kTenants; ++i) {
        ASSERT_TRUE(world.join({.name = "n" + std::to_string(i), .gpus = 8, .labels = {}}));
        const std::string name = "t" + std::to_string(i);
        ASSERT_TRUE(world.execute(CreateTenant{world.admin(), name, {}}));
        ASSERT_TRUE(world.execute(SetQuota{.caller = world.admin(),
                                           .tenant = name,
                                           .accelerator = "nvidia-h200",
                                           .guaranteed = Amount(8000),
                                           .limit = {},
                                           .lendable = {}}));
    }
    int starts = 0;
    int stops = 0;
    for (const int round : {1, 2}) {
        for (int i = 0; i < kTenants; ++i) {
            Submission job;
            job.tenant = "t" + std::to_string(i);
            job.spec.name = "j" + std::to_string(round);
            job.spec.demand = gpus(8, Preemption::Allowed);
            const std::string id = job.tenant + "-" + std::to_string(round);
            const auto events = world.execute(request(world, id, std::move(job)));
            ASSERT_TRUE(events) << events.error().message;
            starts += count_starts(*events);
            stops += count_stops(*events);
        }
        // Long enough to be asked, not so long that one of the same tenant would go first.
        world.set_time(world.now() + std::chrono::minutes(round == 1 ? 12 : 2));
        stops += count_stops(world.step());
    }
    EXPECT_EQ(starts, kTenants);
    EXPECT_EQ(stops, 0) << "guarantees are full: nobody has a right to more, whoever asks";
}

}  // namespace
}  // namespace gusu::core
