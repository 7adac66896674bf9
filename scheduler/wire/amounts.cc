#include "scheduler/wire/amounts.h"

#include <charconv>
#include <cmath>

#include "scheduler/base/text.h"

namespace gusu::wire {
namespace {

constexpr std::int64_t kNanosPerMilli = 1'000'000;
constexpr std::int64_t kLastSecond = 253'402'300'799;  // of the year 9999

std::int64_t floor_division(std::int64_t value, std::int64_t divisor) {
    return value / divisor - (value % divisor < 0 ? 1 : 0);
}

}  // namespace

Result<Amount> to_milli(const Field& field, double value, int most) {
    const auto allowed = [&] {
        return "0 to " + std::to_string(most) + " with at most three decimals";
    };
    if (!std::isfinite(value)) {
        return refuse(field, number_text(value), "is no number", allowed());
    }
    if (value < 0 || value > most) {
        return refuse(field, number_text(value), value < 0 ? "is negative" : "is too large",
                      allowed());
    }
    const double thousandths = std::nearbyint(value * 1000);
    if (std::abs(value * 1000 - thousandths) > 1e-6) {
        return refuse(field, number_text(value), "has more than three decimals", allowed());
    }
    return Amount(static_cast<std::int64_t>(thousandths));
}

Result<Amount> to_bytes(const Field& field, std::int64_t value, std::int64_t most) {
    if (value >= 0 && value <= most) {
        return Amount(value);
    }
    return refuse(field, std::to_string(value), value < 0 ? "is negative" : "is too large",
                  "0 to " + std::to_string(most) + " bytes (" + format_bytes(most) + ")");
}

Result<Duration> to_duration(const Field& field, const google::protobuf::Duration& value,
                             DurationRange range) {
    const auto allowed = [&] {
        return "a duration of " + std::to_string(range.least.count()) + " ms to " +
               format_duration(range.most);
    };
    const std::string shown = std::to_string(value.seconds()) + "s";
    const bool well_formed = std::abs(static_cast<std::int64_t>(value.nanos())) < 1'000'000'000 &&
                             (value.nanos() == 0 || value.seconds() == 0 ||
                              (value.nanos() < 0) == (value.seconds() < 0));
    if (!well_formed) {
        return refuse(field, shown + " and " + std::to_string(value.nanos()) + "ns",
                      "is no duration", allowed());
    }
    if (value.seconds() < 0 || value.nanos() < 0) {
        return refuse(field, shown, "is negative", allowed());
    }
    if (value.seconds() > range.most.count() / 1000) {
        return refuse(field, shown, "is too long", allowed());
    }
    const Duration duration(value.seconds() * 1000 + value.nanos() / kNanosPerMilli);
    if (duration < range.least || duration > range.most) {
        return refuse(field, std::to_string(duration.count()) + "ms",
                      duration < range.least ? "is too short" : "is too long", allowed());
    }
    return duration;
}

Result<Time> to_time(const Field& field, const google::protobuf::Timestamp& value) {
    if (value.seconds() < 0 || value.seconds() > kLastSecond || value.nanos() < 0 ||
        value.nanos() >= 1'000'000'000) {
        return refuse(field, std::to_string(value.seconds()) + "s since 1970", "is out of range",
                      "1970-01-01T00:00:00Z to 9999-12-31T23:59:59Z");
    }
    return from_milliseconds(value.seconds() * 1000 + value.nanos() / kNanosPerMilli);
}

double from_milli(std::int64_t thousandths) { return static_cast<double>(thousandths) / 1000; }

google::protobuf::Duration from_duration(Duration duration) {
    google::protobuf::Duration message;
    message.set_seconds(duration.count() / 1000);
    message.set_nanos(static_cast<std::int32_t>(duration.count() % 1000 * kNanosPerMilli));
    return message;
}

google::protobuf::Timestamp from_time(Time time) {
    google::protobuf::Timestamp message;
    const std::int64_t seconds = floor_division(to_milliseconds(time), 1000);
    message.set_seconds(seconds);
    message.set_nanos(
        static_cast<std::int32_t>((to_milliseconds(time) - seconds * 1000) * kNanosPerMilli));
    return message;
}

std::string number_text(double value) {
    char text[32];
    const auto end = std::to_chars(std::begin(text), std::end(text), value).ptr;
    return {text, end};
}

}  // namespace gusu::wire
