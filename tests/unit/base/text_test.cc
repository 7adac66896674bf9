#include "scheduler/base/text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gusu {
namespace {

TEST(NearestName, FindsWhatWasMeant) {
    const std::vector<std::string> names = {"gpus", "cpus", "memory", "time_limit"};
    EXPECT_EQ(nearest_name("gpu", names), "gpus");
    EXPECT_EQ(nearest_name("pgus", names), "gpus");
    EXPECT_EQ(nearest_name("memroy", names), "memory");
    EXPECT_EQ(nearest_name("timelimit", names), "time_limit");
    EXPECT_EQ(nearest_name("colour", names), "");
    EXPECT_EQ(nearest_name("", names), "");
    EXPECT_EQ(nearest_name("x", names), "");
    EXPECT_EQ(nearest_name(std::string(4 << 20, 'g'), names), "");
    EXPECT_EQ(nearest_name("gpus", std::vector<std::string>{}), "");
}

TEST(EditDistance, CountsSteps) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("abc", ""), 3U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("ab", "ba"), 1U);
    EXPECT_EQ(edit_distance(std::string(101, 'a'), "a"), 101U);
    EXPECT_EQ(edit_distance(std::string(101, 'a'), std::string(101, 'a')), 0U);
}

TEST(Utf8, TellsTheFirstBadByte) {
    struct Case {
        std::string text;
        std::size_t valid;
    };
    const Case cases[] = {
        {"", 0},
        {"plain", 5},
        {"\xE5\xA7\x91\xE8\x8B\x8F", 6},
        {"\xF0\x9F\x98\x80", 4},
        {"\xF4\x8F\xBF\xBF", 4},
        {"ab\xFF", 2},
        {"ab\xE5\xA7", 2},
        {"\x80", 0},
        {"\xC0\xAF", 0},
        {"\xC1\xBF", 0},
        {"\xE0\x80\xAF", 0},
        {"\xED\xA0\x80", 0},
        {"\xF0\x80\x80\x80", 0},
        {"\xF4\x90\x80\x80", 0},
        {"\xF5\x80\x80\x80", 0},
        {"\xE5\x41\x41", 0},
    };
    for (const Case& expected : cases) {
        SCOPED_TRACE(quote(expected.text));
        EXPECT_EQ(valid_utf8_prefix(expected.text), expected.valid);
        EXPECT_EQ(is_valid_utf8(expected.text), expected.valid == expected.text.size());
    }
}

TEST(Quote, ShowsAnythingSafely) {
    EXPECT_EQ(quote("4 hours"), "\"4 hours\"");
    EXPECT_EQ(quote("\xE5\xA7\x91"), "\"\xE5\xA7\x91\"");
    EXPECT_EQ(quote(std::string("a\0b\x1b\xFF", 5)), "\"a\\x00b\\x1b\\xff\"");
    EXPECT_EQ(quote(std::string(1000, 'x')), "\"" + std::string(60, 'x') + "...\"");
    EXPECT_TRUE(is_valid_utf8(quote(std::string(59, 'x') + "\xE5\xA7\x91 and more")));
}

}  // namespace
}  // namespace gusu
