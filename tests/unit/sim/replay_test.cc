#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sim/scratch_file.h"
#include "tools/sim/baseline.h"
#include "tools/sim/core_replay.h"

namespace gusu::sim {
namespace {

using testing::ElementsAre;

Trace trace_of(const std::string& lines) {
    const ScratchFile file("job_id,submit_s,duration_s,gpus,tenant,gpu_fraction_milli\n" + lines);
    auto trace = read_jobs(file.path(), {});
    check(trace.ok(), "the test's trace can be read");
    return std::move(*trace);
}

Site site_of(int nodes, int gpus_per_node) {
    return Site{
        .cluster = uniform_cluster(nodes, gpus_per_node), .owned = {}, .checkpoint_every = {}};
}

Replayed replay(const Trace& trace, const Site& site, Policy policy) {
    auto run = policy == Policy::Gusu ? replay_with_core(trace, site, Curves::Yes)
                                      : replay_baseline(trace, site, policy, Curves::Yes);
    check(run.ok(), "the test's trace can be replayed");
    return std::move(*run);
}

// When each job ended, in seconds; -1 if it did not.
std::vector<int> ends(const Replayed& run) {
    std::vector<int> all;
    for (const JobOutcome& outcome : run.outcomes) {
        all.push_back(outcome.ended ? static_cast<int>(to_milliseconds(*outcome.ended) / 1000)
                                    : -1);
    }
    return all;
}

// One node of 8: a takes 6; b wants 4 and waits; c wants 2 and fits beside a.
constexpr const char* kOneWaits = "a,0,100,6,x,\nb,10,50,4,x,\nc,20,30,2,x,\n";

TEST(Replay, FirstComeFirstServedHoldsUpWhatComesLater) {
    const Trace trace = trace_of(kOneWaits);
    const Replayed run = replay(trace, site_of(1, 8), Policy::Fifo);
    EXPECT_THAT(ends(run), ElementsAre(100, 150, 130));
    EXPECT_EQ(run.placements, 3);
    EXPECT_EQ(run.held_gpu_s, 600 + 200 + 60);
}

TEST(Replay, SkippingLetsPassWhatFits) {
    const Trace trace = trace_of(kOneWaits);
    EXPECT_THAT(ends(replay(trace, site_of(1, 8), Policy::FifoSkip)), ElementsAre(100, 150, 50));
}

TEST(Replay, TheCoreEndsEveryJob) {
    const Trace trace = trace_of(kOneWaits);
    const Replayed run = replay(trace, site_of(1, 8), Policy::Gusu);
    EXPECT_EQ(ends(run)[0], 100);
    EXPECT_EQ(run.placements, 3);
    EXPECT_EQ(run.curve.back().waiting, 0);
    EXPECT_EQ(run.curve.back().busy_milli_gpus, 0);
}

// At 100 the job that ends makes room before the one that comes then is looked at.
TEST(Replay, WhatEndsMakesRoomBeforeWhatComesAtTheSameMoment) {
    const Trace trace = trace_of("a,0,100,8,x,\nb,100,10,8,x,\nc,100,0,8,x,\n");
    for (const Policy policy : {Policy::Gusu, Policy::Fifo, Policy::FifoSkip}) {
        EXPECT_THAT(ends(replay(trace, site_of(1, 8), policy)), ElementsAre(100, 110, 110));
    }
}

TEST(Replay, LargeJobsTakeWholeNodes) {
    // The small one is on one node, so 12 GPUs wait for it, though 15 are free.
    const Trace trace = trace_of("a,0,100,1,x,\nb,1,10,12,x,\nc,2,10,16,x,\n");
    for (const Policy policy : {Policy::Gusu, Policy::Fifo}) {
        EXPECT_EQ(ends(replay(trace, site_of(2, 8), policy))[2] > 100, true);
    }
    EXPECT_THAT(ends(replay(trace, site_of(2, 8), Policy::Fifo)), ElementsAre(100, 11, 110));
    EXPECT_THAT(ends(replay(trace, site_of(3, 8), Policy::Fifo)), ElementsAre(100, 11, 21));
}

TEST(Replay, SharesOfOneGpuRunBesideEachOther) {
    const Trace trace = trace_of("a,0,100,1,x,500\nb,0,100,1,x,500\nc,0,100,1,x,500\n");
    for (const Policy policy : {Policy::Gusu, Policy::Fifo}) {
        EXPECT_THAT(ends(replay(trace, site_of(1, 1), policy)), ElementsAre(100, 100, 200));
    }
}

TEST(Replay, PartitionsKeepTenantsApart) {
    const Trace trace = trace_of("a,0,100,8,x,\nb,0,100,8,x,\nc,0,100,8,y,\n");
    Site site = site_of(2, 8);
    site.owned = {{"x", 1, 8}, {"y", 1, 8}};
    EXPECT_THAT(ends(replay(trace, site, Policy::Fifo)), ElementsAre(100, 100, 200));
    site.partition = Partition::ByTenant;
    EXPECT_THAT(ends(replay(trace, site, Policy::Fifo)), ElementsAre(100, 200, 100));
}

TEST(Replay, WhatNoEmptyClusterCouldRunIsRefused) {
    const Trace trace = trace_of("a,0,100,17,x,\nb,0,100,1,x,\n");
    for (const Policy policy : {Policy::Gusu, Policy::Fifo, Policy::FifoSkip}) {
        const Replayed run = replay(trace, site_of(2, 8), policy);
        EXPECT_THAT(ends(run), ElementsAre(-1, 100));
        EXPECT_EQ(run.refused, 1);
    }
}

TEST(Replay, TheSameInputGivesTheSameLog) {
    std::string lines;
    for (int i = 0; i < 500; ++i) {
        lines += std::to_string(i) + "," + std::to_string(i * 3) + "," +
                 std::to_string(i * 7919 % 503) + "," + std::to_string(1 << (i % 5)) + "," +
                 (i % 2 == 0 ? "x" : "y") + ",\n";
    }
    const Trace trace = trace_of(lines);
    const Trace other = trace_of(lines + "last,1500,1,1,x,\n");
    for (const Policy policy : {Policy::Gusu, Policy::Fifo, Policy::FifoSkip}) {
        const Replayed run = replay(trace, site_of(4, 8), policy);
        EXPECT_EQ(run.log_sha256.size(), 64U);
        EXPECT_EQ(run.log_sha256, replay(trace, site_of(4, 8), policy).log_sha256);
        EXPECT_NE(run.log_sha256, replay(other, site_of(4, 8), policy).log_sha256);
        EXPECT_NE(run.log_sha256, replay(trace, site_of(5, 8), policy).log_sha256);
    }
}

TEST(Preemptible, IsTheAskedShareOfIds) {
    int preemptible = 0;
    for (int id = 0; id < 10'000; ++id) {
        preemptible += is_preemptible(std::to_string(id), 30) ? 1 : 0;
        EXPECT_TRUE(is_preemptible(std::to_string(id), 100));
        EXPECT_FALSE(is_preemptible(std::to_string(id), 0));
    }
    EXPECT_NEAR(preemptible, 3000, 150);
}

}  // namespace
}  // namespace gusu::sim
