#include "scheduler/base/boxed.h"

#include <gtest/gtest.h>

#include <string>

namespace gusu {
namespace {

TEST(Boxed, IsEmptyUntilItIsGivenSomething) {
    Boxed<std::string> box;
    EXPECT_FALSE(box);
    box = std::string("text");
    ASSERT_TRUE(box.has_value());
    EXPECT_EQ(*box, "text");
    EXPECT_EQ(box->size(), 4U);
    box.reset();
    EXPECT_FALSE(box);
}

TEST(Boxed, ACopyIsItsOwn) {
    Boxed<std::string> box;
    const Boxed<std::string> empty = box;
    box = std::string("one");
    Boxed<std::string> copy = box;
    *copy = "two";
    EXPECT_EQ(*box, "one");
    box = copy;
    EXPECT_EQ(*box, "two");
    box = empty;
    EXPECT_FALSE(box);
}

TEST(Boxed, TakesThePlaceOfAPointer) { EXPECT_EQ(sizeof(Boxed<std::string>), sizeof(void*)); }

}  // namespace
}  // namespace gusu
