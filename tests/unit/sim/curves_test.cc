#include "tools/sim/curves.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/sim/scratch_file.h"
#include "tools/sim/baseline.h"

namespace gusu::sim {
namespace {

std::string content(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

TEST(Curves, AreDrawnByGnuplot) {
    const ScratchFile file(
        "job_id,submit_s,duration_s,gpus\na,0,100000,8\nb,50000,100000,4\nc,60000,90000,16\n");
    const auto trace = read_jobs(file.path(), {});
    const Site site{.cluster = uniform_cluster(2, 8), .owned = {}, .checkpoint_every = {}};
    const auto replayed = replay_baseline(*trace, site, Policy::FifoSkip, Curves::Yes);
    const std::filesystem::path folder = std::filesystem::path(file.path()).parent_path() / "new";
    const Status drawn = draw_curves(
        {.trace = *trace, .site = site, .run = *replayed, .title = "fifo-skip"}, folder.string());
    ASSERT_TRUE(drawn.ok()) << drawn.error().message;
    for (const char* name : {"queue.svg", "utilisation.svg", "waiting.svg"}) {
        EXPECT_NE(content(folder / name).find("</svg>"), std::string::npos) << name;
    }
    // Half of the GPUs are busy in the first part of a thousand, and nothing waits.
    EXPECT_EQ(content(folder / "time.txt").substr(0, 7), "0 0 50\n");
}

}  // namespace
}  // namespace gusu::sim
