#include <gtest/gtest.h>

#include "scheduler/base/text.h"

namespace gusu {
namespace {

using namespace std::chrono_literals;

TEST(Format, Duration) {
    EXPECT_EQ(format_duration(0s), "00:00:00");
    EXPECT_EQ(format_duration(3min + 4s + 999ms), "00:03:04");
    EXPECT_EQ(format_duration(26h + 3min + 4s), "1-02:03:04");
    EXPECT_EQ(format_duration(-90s), "-00:01:30");
    EXPECT_EQ(*parse_duration(format_duration(26h + 3min + 4s)), 26h + 3min + 4s);
}

TEST(Format, Bytes) {
    EXPECT_EQ(format_bytes(0), "0B");
    EXPECT_EQ(format_bytes(1000), "1000B");
    EXPECT_EQ(format_bytes(1024), "1KiB");
    EXPECT_EQ(format_bytes(std::int64_t{1536} << 20), "1536MiB");
    EXPECT_EQ(format_bytes(std::int64_t{16} << 30), "16GiB");
    EXPECT_EQ(format_bytes(std::int64_t{1} << 50), "1PiB");
    EXPECT_EQ(format_bytes(270'190'968'832), "251.6GiB");
    EXPECT_EQ(format_bytes(-5), "-5B");
}

TEST(Format, Milli) {
    EXPECT_EQ(format_milli(0), "0");
    EXPECT_EQ(format_milli(2000), "2");
    EXPECT_EQ(format_milli(500), "0.5");
    EXPECT_EQ(format_milli(1250), "1.25");
    EXPECT_EQ(format_milli(1001), "1.001");
    EXPECT_EQ(format_milli(-500), "-0.5");
    EXPECT_EQ(format_milli(-1500), "-1.5");
}

TEST(Format, Time) {
    EXPECT_EQ(format_rfc3339(Time{}), "1970-01-01T00:00:00Z");
    EXPECT_EQ(format_rfc3339(from_milliseconds(1'795'467'600'000)), "2026-11-23T21:00:00Z");
    EXPECT_EQ(format_rfc3339(from_milliseconds(1'795'467'600'007)), "2026-11-23T21:00:00.007Z");
    EXPECT_EQ(format_rfc3339(from_milliseconds(-1)), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace gusu
