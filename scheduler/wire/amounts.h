// Numbers and times of messages as the core's checked integers, and back.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "scheduler/base/amount.h"
#include "scheduler/base/time.h"
#include "scheduler/wire/field.h"

namespace gusu::wire {

// 0 to `most` with at most three decimals, as thousandths.
Result<Amount> to_milli(const Field& field, double value, int most);
// 0 to `most` bytes.
Result<Amount> to_bytes(const Field& field, std::int64_t value, std::int64_t most);
// `least` to `most`; finer than a millisecond is dropped.
struct DurationRange {
    Duration least{0};
    Duration most{0};
};
Result<Duration> to_duration(const Field& field, const google::protobuf::Duration& value,
                             DurationRange range);
// 1970 to 9999.
Result<Time> to_time(const Field& field, const google::protobuf::Timestamp& value);

double from_milli(std::int64_t thousandths);
google::protobuf::Duration from_duration(Duration duration);
google::protobuf::Timestamp from_time(Time time);
// The shortest text that reads back as the same number.
std::string number_text(double value);

}  // namespace gusu::wire
