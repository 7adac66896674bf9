#include "tools/sim/placement_study.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sim/scratch_file.h"

namespace gusu::sim {
namespace {

using testing::ElementsAre;

constexpr const char* kNodes = "node,gpus,gpu_model,cpus,mem_gib\nn0,2,A,8,64\nn1,2,B,8,64\n";
// half and full fit anywhere, b only on n1, large nowhere.
constexpr const char* kPods =
    "job_id,submit_s,duration_s,gpus,cpus,mem_gib,gpu_model,gpu_fraction_milli\n"
    "half,,,1,1,1,,500\nfull,,,1,1,1,,\nb,,,1,1,1,B,\nlarge,,,2,9,1,,\n";

struct Study {
    Trace trace;
    Site site;
    Result<Arrivals> arrivals;
};

Study study_of(const std::string& order) {
    const ScratchFile nodes(kNodes);
    const ScratchFile pods(kPods);
    const ScratchFile file("seq,job_id,node_at_rank\n" + order, "order.csv");
    Study study{.trace = *read_jobs(pods.path(), {.durations = Durations::Unused}),
                .site = {.cluster = *read_nodes(nodes.path()), .owned = {}, .checkpoint_every = {}},
                .arrivals = Error{}};
    study.arrivals = read_arrivals(file.path(), study.trace, study.site.cluster);
    if (!study.arrivals) {
        study.arrivals =
            Error{ErrorCode::InvalidArgument, file.without_folder(study.arrivals.error().message)};
    }
    return study;
}

TEST(PlacementStudy, RefusesForGoodWhatDoesNotFitAtOnce) {
    // By first fit: halves share a GPU of n1, b takes the other; then only n0 is left for full.
    const Study study =
        study_of("0,half,n1\n1,half,n0\n2,b,\n3,b,\n4,large,\n5,full,\n6,full,\n7,full,\n");
    ASSERT_TRUE(study.arrivals.ok()) << study.arrivals.error().message;
    EXPECT_THAT(study.arrivals->nodes, ElementsAre(1, 0));
    for (const Placer placer : {Placer::FirstFit, Placer::Core}) {
        const auto allocation = place_all(study.trace, study.site, *study.arrivals, placer);
        ASSERT_TRUE(allocation.ok());
        EXPECT_EQ(allocation->placed + allocation->refused, 8);
        EXPECT_GE(allocation->refused, 2);
    }
    const auto first = place_all(study.trace, study.site, *study.arrivals, Placer::FirstFit);
    EXPECT_EQ(first->placed, 5);
}

TEST(PlacementStudy, ReportsTheMeanOverArrivalsThatRoundToThePercentage) {
    const Study study = study_of("0,full,\n1,full,\n2,full,\n3,full,\n");
    const auto allocation = place_all(study.trace, study.site, *study.arrivals, Placer::FirstFit);
    EXPECT_EQ(allocation->allocated_percent.size(), 1U);
    EXPECT_EQ(allocation->allocated_percent.at(100), 100.0);
}

TEST(PlacementStudy, NamesPodsAndNodesThatAreNotThere) {
    EXPECT_EQ(study_of("0,half,n1\n1,quarter,n0\n").arrivals.error().message,
              "order.csv:3:2: job_id: \"quarter\" is not among the pods");
    EXPECT_EQ(study_of("0,half,n7\n").arrivals.error().message,
              "order.csv:2:3: node_at_rank: \"n7\" is not among the nodes");
}

}  // namespace
}  // namespace gusu::sim
