// Random lives of a cluster. GUSU_SEEDS=N lives instead of 100; GUSU_SEED=S only that one.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/properties/invariants.h"
#include "tests/properties/random_life.h"

namespace gusu::testing {
namespace {

constexpr int kEventsInALife = 300;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void live(std::uint64_t seed) {
    RandomLife life(seed);
    for (int i = 0; i < kEventsInALife; ++i) {
        life.go_on();
        World& world = life.world();
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
    (void)restored.step(later);
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
