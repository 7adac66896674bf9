#include <gmock/gmock.h>

#include <optional>

#include "scheduler/base/text.h"

namespace gusu {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::int64_t kKib = 1024;
constexpr std::int64_t kGib = kKib * kKib * kKib;

template <typename T>
struct Case {
    const char* text;
    std::optional<T> wanted;
};

template <typename T>
void expect_case(const Case<T>& expected, const Result<T>& result) {
    SCOPED_TRACE(expected.text);
    ASSERT_EQ(result.ok(), expected.wanted.has_value());
    if (result) {
        EXPECT_EQ(*result, *expected.wanted);
        return;
    }
    EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument);
    EXPECT_THAT(result.error().message, HasSubstr(quote(expected.text)));
    EXPECT_THAT(result.error().message, HasSubstr("; write "));
}

TEST(Parse, Duration) {
    const Case<Duration> cases[] = {
        {"90s", 90s},
        {"30m", 30min},
        {"4h", 4h},
        {"2d", 48h},
        {"1h30m", 90min},
        {"1d2h3m4s5ms", 24h + 2h + 3min + 4s + 5ms},
        {"1.5h", 90min},
        {"0.25s", 250ms},
        {"250ms", 250ms},
        {"0", 0s},
        {"0s", 0s},
        {"90", 90min},
        {"05:30", 5min + 30s},
        {"90:00", 90min},
        {"100:00:01", 100h + 1s},
        {"1-2", 26h},
        {"1-02:03", 26h + 3min},
        {"1-02:03:04", 26h + 3min + 4s},
        {"3650d", 24h * 3650},
        {"3650-0", 24h * 3650},
        {"3651d", {}},
        {"3650d1ms", {}},
        {"3650-0:0:1", {}},
        {"5256001", {}},
        {"9223372036854775808", {}},
        {"9223372036854775807s", {}},
        {"99999999999999h", {}},
        {"1e30G", {}},
        {"1e3s", {}},
        {"-1", {}},
        {"-1s", {}},
        {"+1s", {}},
        {"4 hours", {}},
        {"4 h", {}},
        {" 4h", {}},
        {"4hours", {}},
        {"30m1h", {}},
        {"1h1h", {}},
        {"1.5", {}},
        {"1.ms", {}},
        {"0.5ms", {}},
        {"1.2345s", {}},
        {".5h", {}},
        {"00:60", {}},
        {"1:60:00", {}},
        {"1-24", {}},
        {"1-", {}},
        {"-", {}},
        {":", {}},
        {"1:2:3:4", {}},
        {"1-2:3:4:5", {}},
        {"1-2-3", {}},
        {"", {}},
        {"h", {}},
        {"forever", {}},
        {"\xff", {}},
    };
    for (const auto& expected : cases) {
        expect_case(expected, parse_duration(expected.text));
    }
}

TEST(Parse, Bytes) {
    const Case<std::int64_t> cases[] = {
        {"0", 0},
        {"512", 512},
        {"512B", 512},
        {"64K", 64 * kKib},
        {"64k", 64 * kKib},
        {"64KiB", 64 * kKib},
        {"64Ki", 64 * kKib},
        {"16G", 16 * kGib},
        {"1.5T", 1536 * kGib},
        {"0.001K", 1},
        {"1.001K", 1025},
        {"1P", kGib * kKib * kKib},
        {"1024T", kGib * kKib * kKib},
        {"1125899906842624", kGib * kKib * kKib},
        {"1125899906842625", {}},
        {"1.001P", {}},
        {"1025T", {}},
        {"9223372036854775808", {}},
        {"99999999999999999999999999", {}},
        {"99999999999999P", {}},
        {"1e30G", {}},
        {"1e3", {}},
        {"-1", {}},
        {"-1G", {}},
        {"1.5", {}},
        {"1.2345G", {}},
        {"16GB", {}},
        {"16X", {}},
        {"16 G", {}},
        {"G", {}},
        {"", {}},
        {"0x10", {}},
        {"inf", {}},
        {"nan", {}},
    };
    for (const auto& expected : cases) {
        expect_case(expected, parse_bytes(expected.text));
    }
}

TEST(Parse, Milli) {
    const Case<std::int64_t> cases[] = {
        {"2", 2000},
        {"0.5", 500},
        {"1.25", 1250},
        {"0.125", 125},
        {"0", 0},
        {"1000000", 1'000'000'000},
        {"1000000.001", {}},
        {"1000001", {}},
        {"0.1234", {}},
        {"9223372036854775808", {}},
        {"-1", {}},
        {"1e3", {}},
        {".5", {}},
        {"5.", {}},
        {"", {}},
        {"two", {}},
        {"1,5", {}},
    };
    for (const auto& expected : cases) {
        expect_case(expected, parse_milli(expected.text));
    }
}

TEST(Parse, Integer) {
    const Case<std::int64_t> cases[] = {
        {"1", 1},
        {"10", 10},
        {"010", 10},
        {"0", {}},
        {"11", {}},
        {"-1", {}},
        {"9223372036854775808", {}},
        {"-9223372036854775809", {}},
        {"1.0", {}},
        {"1e1", {}},
        {"0x1", {}},
        {"", {}},
        {" 1", {}},
        {"1 ", {}},
        {"one", {}},
    };
    for (const auto& expected : cases) {
        expect_case(expected, parse_integer(expected.text, 1, 10));
    }
    EXPECT_EQ(parse_integer("0", 1, 10).error().message,
              "\"0\" is out of range; write a whole number from 1 to 10");
    EXPECT_EQ(*parse_integer("-9223372036854775808", INT64_MIN, INT64_MAX), INT64_MIN);
}

TEST(Parse, Time) {
    const Time now = from_milliseconds(1'000'000);
    const Case<Time> cases[] = {
        {"now", now},
        {"+2h", now + 2h},
        {"+90", now + 90min},
        {"1970-01-01", Time{}},
        {"2026-11-23T21:00:00Z", from_milliseconds(1'795'467'600'000)},
        {"2026-11-23T21:00:00.123Z", from_milliseconds(1'795'467'600'123)},
        {"2026-11-24T05:00:00+08:00", from_milliseconds(1'795'467'600'000)},
        {"2026-11-23T15:30:00-05:30", from_milliseconds(1'795'467'600'000)},
        {"2026-11-23", from_milliseconds(1'795'392'000'000)},
        {"2024-02-29", from_milliseconds(1'709'164'800'000)},
        {"2026-02-29", {}},
        {"2026-13-01", {}},
        {"2026-00-01", {}},
        {"1969-12-31", {}},
        {"2026-11-23T21:00:00", {}},
        {"2026-11-23T24:00:00Z", {}},
        {"2026-11-23T21:60:00Z", {}},
        {"2026-11-23T21:00:60Z", {}},
        {"2026-11-23T21:00Z", {}},
        {"2026-11-23 21:00:00Z", {}},
        {"2026-11-23T21:00:00Zulu", {}},
        {"2026-11-23T21:00:00+8", {}},
        {"12026-11-23", {}},
        {"26-11-23", {}},
        {"9223372036854775808", {}},
        {"+9223372036854775808", {}},
        {"+-1h", {}},
        {"tomorrow", {}},
        {"", {}},
    };
    for (const auto& expected : cases) {
        expect_case(expected, parse_time(expected.text, now));
    }
}

}  // namespace
}  // namespace gusu
