// Every file of stories/ must read as the core tells it. GUSU_REWRITE=1 writes the answers anew;
// the difference is then what you review.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/scenarios/story.h"

namespace gusu::testing {
namespace {

const std::filesystem::path kStories =
    std::filesystem::path(GUSU_SOURCE_DIR) / "tests/scenarios/stories";

std::vector<std::string> story_names() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(kStories)) {
        names.push_back(entry.path().stem().string());
    }
    std::ranges::sort(names);
    return names;
}

class Stories : public ::testing::TestWithParam<std::string> {};

TEST_P(Stories, IsToldAsWritten) {
    const std::filesystem::path file = kStories / (GetParam() + ".story");
    std::ostringstream written;
    written << std::ifstream(file).rdbuf();
    const std::string told = tell(written.str());
    if (std::getenv("GUSU_REWRITE") != nullptr) {
        std::ofstream(file) << told;
        return;
    }
    EXPECT_EQ(told, written.str()) << "review with GUSU_REWRITE=1 and a diff of " << file;
}

INSTANTIATE_TEST_SUITE_P(All, Stories, ::testing::ValuesIn(story_names()),
                         [](const auto& story) { return story.param; });

}  // namespace
}  // namespace gusu::testing
