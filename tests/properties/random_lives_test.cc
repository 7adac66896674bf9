// Random lives of a cluster. GUSU_SEEDS=N lives instead of 100; GUSU_SEED=S only that one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "scheduler/core/policy/whole_nodes.h"
#include "tests/properties/random_life.h"
#include "tools/sim/faults/invariants.h"

namespace gusu::testing {
namespace {

constexpr int kEventsInALife = 300;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// What jobs alone do, with nodes and guarantees as they are.
bool is_of_a_job(const core::Event& event) {
    return std::holds_alternative<core::JobPlaced>(event.body) ||
           std::holds_alternative<core::JobNominated>(event.body) ||
           std::holds_alternative<core::NominationEnded>(event.body) ||
           std::holds_alternative<core::JobSubmitted>(event.body) ||
           std::holds_alternative<core::JobStopRequested>(event.body) ||
           std::holds_alternative<core::JobEnded>(event.body) ||
           std::holds_alternative<core::JobRequeued>(event.body) ||
           std::holds_alternative<core::TaskChanged>(event.body);
}

void live(std::uint64_t seed) {
    RandomLife life(seed);
    std::size_t known = life.world().log().size();
    int missing = 0;
    for (int i = 0; i < kEventsInALife; ++i) {
        life.go_on();
        World& world = life.world();
        const int missing_now = core::whole_nodes_missing(world.state());
        const bool only_jobs = std::all_of(world.log().begin() + static_cast<std::ptrdiff_t>(known),
                                           world.log().end(), is_of_a_job);
        EXPECT_TRUE(!only_jobs || missing_now <= missing)
            << "GUSU_SEED=" << seed << ", after " << i + 1 << " events: " << missing_now
            << " nodes that are guaranteed whole are missing, and there were " << missing;
        known = world.log().size();
        missing = missing_now;
        for (const std::string& broken : broken_invariants(world.scheduler(), world.now())) {
            FAIL() << "GUSU_SEED=" << seed << ", after " << i + 1 << " events: " << broken;
        }
    }
    core::Scheduler replayed;
    for (const core::Event& event : life.world().log()) {
        EXPECT_EQ(placed_in_the_way(replayed.state(), event), "") << "GUSU_SEED=" << seed;
        replayed.apply(event);
    }
    const core::State& lived = life.world().state();
    EXPECT_EQ(difference(replayed.state(), lived), "") << "replayed otherwise: GUSU_SEED=" << seed;
    core::Scheduler restored;
    for (const core::Event& event : life.world().state().as_events()) {
        restored.apply(event);
    }
    EXPECT_EQ(difference(restored.state(), lived), "") << "restored otherwise: GUSU_SEED=" << seed;
    // What starts from a snapshot tries everything afresh, and is as right as what never stopped.
    const Time later = life.world().now() + Duration(100'000);
    do {
        (void)restored.step(later);
    } while (restored.next_timer() <= later);
    for (const std::string& broken : broken_invariants(restored, later)) {
        FAIL() << "GUSU_SEED=" << seed << ", restored: " << broken;
    }
}

TEST(RandomLives, KeepTheInvariantsAndReplayToTheSameState) {
    const std::uint64_t only = number_from("GUSU_SEED", 0);
    const std::uint64_t seeds = number_from("GUSU_SEEDS", 100);
    for (std::uint64_t seed = only == 0 ? 1 : only; seed <= (only == 0 ? seeds : only); ++seed) {
        live(seed);
        if (HasFatalFailure()) {
            return;
        }
    }
}

}  // namespace
}  // namespace gusu::testing
