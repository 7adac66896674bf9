#include "scheduler/base/log.h"

#include <gmock/gmock.h>

#include <string>

namespace gusu {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

// What open_log's own log writes while `body` runs.
template <typename Body>
std::string logged(const std::string& level, Body body) {
    testing::internal::CaptureStderr();
    open_log("gusu-test", level);
    body();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("none"));
    return testing::internal::GetCapturedStderr();
}

TEST(Log, WritesOneLineAnEvent) {
    EXPECT_THAT(logged("info", [] { spdlog::info("job placed job={}", 7); }),
                MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z "
                             "info gusu-test: job placed job=7\n"));
}

TEST(Log, KeepsToItsLevel) {
    const std::string lines = logged("warn", [] {
        spdlog::info("not this");
        spdlog::warn("but this");
    });
    EXPECT_THAT(lines, Not(HasSubstr("not this")));
    EXPECT_THAT(lines, HasSubstr("but this"));
    EXPECT_THAT(logged("loud", [] {}), HasSubstr("unknown log level, using info level=loud"));
}

TEST(Log, FoldsWhatRepeats) {
    const std::string lines = logged("info", [] {
        for (int i = 0; i < 1000; ++i) {
            spdlog::warn("refused a connection port={}", i);
        }
        spdlog::info("something else");
    });
    EXPECT_THAT(lines, HasSubstr("port=19\n"));
    EXPECT_THAT(lines, Not(HasSubstr("port=20\n")));
    EXPECT_THAT(lines, HasSubstr("something else"));
    EXPECT_THAT(lines, HasSubstr("warning gusu-test: refused a connection folded=980\n"));
}

}  // namespace
}  // namespace gusu
