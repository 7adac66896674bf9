#include "tools/gusu/catalogue.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "scheduler/base/text.h"

namespace gusu::cli {
namespace {

TEST(Catalogue, SpeaksTheLanguageAsked) {
    EXPECT_EQ(say("STATE"), "STATE");
    speak(Language::Chinese);
    EXPECT_EQ(say("STATE"), "状态");
    EXPECT_EQ(say("PENDING"), "排队");
    EXPECT_EQ(say("no translation of this"), "no translation of this");
    speak(Language::English);
}

TEST(Catalogue, EachSentenceOnceAndWhole) {
    std::set<std::string_view> seen;
    for (const Translation& one : translations()) {
        EXPECT_TRUE(seen.insert(one.english).second) << one.english;
        EXPECT_TRUE(is_valid_utf8(one.chinese)) << one.english;
        EXPECT_FALSE(one.chinese.empty()) << one.english;
    }
}

TEST(Catalogue, GusuLangWinsOverLang) {
    setenv("LANG", "zh_CN.UTF-8", 1);
    unsetenv("LC_ALL");
    unsetenv("LC_MESSAGES");
    unsetenv("GUSU_LANG");
    EXPECT_EQ(language_of_environment(), Language::Chinese);
    setenv("GUSU_LANG", "en", 1);
    EXPECT_EQ(language_of_environment(), Language::English);
    setenv("GUSU_LANG", "zh", 1);
    setenv("LANG", "C", 1);
    EXPECT_EQ(language_of_environment(), Language::Chinese);
    unsetenv("GUSU_LANG");
}

}  // namespace
}  // namespace gusu::cli
