#include "tools/sim/generate.h"

#include <gtest/gtest.h>

namespace gusu::sim {
namespace {

TEST(Generate, TheSameSeedMakesTheSameCity) {
    const City city{.seed = 5, .days = 3, .gpus = 200, .load = 0.5, .tenants = 7};
    City other = city;
    other.seed = 6;
    EXPECT_EQ(to_csv(generate(city)), to_csv(generate(city)));
    EXPECT_NE(to_csv(generate(city)), to_csv(generate(other)));
}

TEST(Generate, AsksForTheLoadItIsTold) {
    const City city{.seed = 1, .days = 60, .gpus = 2000, .load = 0.7, .tenants = 10};
    double asked = 0;
    for (const ListedJob& job : generate(city)) {
        asked += static_cast<double>(job.duration.count()) / 1000 * job.gpus;
    }
    EXPECT_NEAR(asked / (60.0 * 86'400 * 2000), 0.7, 0.05);
}

}  // namespace
}  // namespace gusu::sim
