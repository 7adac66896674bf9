#include "scheduler/base/amount.h"

#include <gtest/gtest.h>

namespace gusu {
namespace {

TEST(Amount, AddsAndTakesExactly) {
    Amount amount(3);
    amount += Amount(4);
    EXPECT_EQ(amount.units(), 7);
    amount -= Amount(7);
    EXPECT_TRUE(amount.is_zero());
    EXPECT_EQ((Amount(5) - Amount(2)).units(), 3);
    EXPECT_LT(Amount(1), Amount(2));
}

TEST(Amount, TakesAtMostWhatIsThere) {
    EXPECT_EQ(Amount(5).minus_at_most(Amount(2)), Amount(3));
    EXPECT_EQ(Amount(5).minus_at_most(Amount(5)), Amount(0));
    EXPECT_EQ(Amount(5).minus_at_most(Amount(9)), Amount(0));
}

TEST(Amount, HoldsTheWholeRange) {
    EXPECT_EQ((Amount(Amount::kMax - 1) + Amount(1)).units(), Amount::kMax);
    EXPECT_EQ(Amount(Amount::kMax / 2).times(2).units(), Amount::kMax);
    EXPECT_EQ(Amount(Amount::kMax).times(0), Amount());
}

using AmountDeathTest = testing::Test;

TEST(AmountDeathTest, StopsBeforeItIsWrong) {
    EXPECT_DEATH(Amount(-1), "between 0 and 2\\^61");
    EXPECT_DEATH(Amount(Amount::kMax + 1), "between 0 and 2\\^61");
    EXPECT_DEATH(Amount(1) - Amount(2), "never falls below zero");
    EXPECT_DEATH(Amount(Amount::kMax) + Amount(1), "stays below 2\\^61");
    EXPECT_DEATH(Amount(Amount::kMax).times(2), "between 0 and 2\\^61");
    EXPECT_DEATH(Amount(Amount::kMax).times(1 << 30), "does not overflow");
    EXPECT_DEATH(Amount(1).times(-1), "does not overflow");
}

}  // namespace
}  // namespace gusu
