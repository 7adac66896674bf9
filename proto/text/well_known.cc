#include "proto/text/well_known.h"

#include <algorithm>
#include <cstdint>

#include "gusu/v1/options.pb.h"
#include "scheduler/base/text.h"

namespace gusu::text {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::int32_t kNanosecondsPerMillisecond = 1'000'000;

// Both types hold int64 seconds = 1 and int32 nanos = 2.
struct SecondsAndNanos {
    std::int64_t seconds = 0;
    std::int32_t nanos = 0;
};

SecondsAndNanos read(const Message& message) {
    const Descriptor& type = *message.GetDescriptor();
    const auto& reflection = *message.GetReflection();
    return {reflection.GetInt64(message, type.FindFieldByNumber(1)),
            reflection.GetInt32(message, type.FindFieldByNumber(2))};
}

// `milliseconds` >= 0
void write(Message& message, std::int64_t milliseconds) {
    const Descriptor& type = *message.GetDescriptor();
    const auto& reflection = *message.GetReflection();
    reflection.SetInt64(&message, type.FindFieldByNumber(1), milliseconds / 1000);
    reflection.SetInt32(
        &message, type.FindFieldByNumber(2),
        static_cast<std::int32_t>(milliseconds % 1000) * kNanosecondsPerMillisecond);
}

}  // namespace

bool is_duration(const Descriptor& type) { return type.full_name() == "google.protobuf.Duration"; }

bool is_timestamp(const Descriptor& type) {
    return type.full_name() == "google.protobuf.Timestamp";
}

bool is_in_bytes(const FieldDescriptor& field) {
    return field.options().GetExtension(v1::unit) == v1::UNIT_BYTES;
}

void set_duration(Message& message, Duration duration) { write(message, duration.count()); }

void set_timestamp(Message& message, Time time) { write(message, to_milliseconds(time)); }

std::string duration_text(const Message& message) {
    const SecondsAndNanos value = read(message);
    const bool negative = value.seconds < 0 || value.nanos < 0;
    std::string text = std::to_string(value.seconds);
    if (negative && value.seconds == 0) {
        text = "-0";
    }
    if (value.nanos != 0) {
        const std::int64_t nanos = value.nanos < 0 ? -std::int64_t{value.nanos} : value.nanos;
        std::string decimals = std::to_string(1'000'000'000 + nanos % 1'000'000'000).substr(1);
        while (decimals.ends_with("000")) {
            decimals.resize(decimals.size() - 3);
        }
        text += decimals.empty() ? "" : "." + decimals;
    }
    return text + "s";
}

std::string timestamp_text(const Message& message) {
    constexpr std::int64_t kFirstSecond = -62'135'596'800;
    constexpr std::int64_t kLastSecond = 253'402'300'799;
    const SecondsAndNanos value = read(message);
    const std::int64_t seconds = std::clamp(value.seconds, kFirstSecond, kLastSecond);
    const std::int32_t nanos = std::clamp(value.nanos, 0, 999'999'999);
    return format_rfc3339(from_milliseconds(seconds * 1000 + nanos / kNanosecondsPerMillisecond));
}

}  // namespace gusu::text
