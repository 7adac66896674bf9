#include "scheduler/wire/event_codec.h"

#include <gtest/gtest.h>

#include "gusu/storage/v1/event.pb.h"
#include "tests/unit/wire/any_value.h"

namespace gusu::wire {
namespace {

constexpr std::size_t kKinds = std::variant_size_v<core::EventBody>;

TEST(EventCodec, EveryKindOfEventComesBackWhole) {
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        for (std::uint64_t seed = 1; seed <= 200; ++seed) {
            const core::Events events{any_event(kind, seed)};
            const std::string bytes = encode_events(events);
            const auto read = decode_events(bytes);
            ASSERT_TRUE(read.ok())
                << "kind " << kind << ", seed " << seed << ": " << read.error().message;
            ASSERT_EQ(read->size(), 1U);
            ASSERT_TRUE(same((*read)[0].body, events[0].body))
                << "kind " << kind << ", seed " << seed;
            ASSERT_EQ((*read)[0].at, events[0].at);
            ASSERT_EQ(encode_events(*read), bytes) << "kind " << kind << ", seed " << seed;
        }
    }
}

TEST(EventCodec, ThereIsOneRecordForEveryKindOfEvent) {
    const auto* oneof = gusu::storage::v1::Event::descriptor()->FindOneofByName("body");
    ASSERT_NE(oneof, nullptr);
    EXPECT_EQ(oneof->field_count(), static_cast<int>(kKinds));
}

TEST(EventCodec, ABatchKeepsItsOrder) {
    core::Events events;
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        events.push_back(any_event(kind, 7 + kind));
    }
    const auto read = decode_events(encode_events(events));
    ASSERT_TRUE(read.ok()) << read.error().message;
    ASSERT_EQ(read->size(), events.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
        EXPECT_TRUE(same((*read)[i].body, events[i].body)) << i;
    }
}

TEST(EventCodec, JobsThatShareASpecShareItAfterwards) {
    AnyValue any(1);
    std::shared_ptr<const core::JobSpec> spec;
    any.fill(spec);
    core::Events events;
    for (int i = 0; i < 1000; ++i) {
        core::JobSubmitted submitted;
        submitted.spec = spec;
        submitted.position = i;
        events.push_back({Time(), std::move(submitted)});
    }
    const std::string bytes = encode_events(events);
    EXPECT_LT(bytes.size(), 20'000U);
    const auto read = decode_events(bytes);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(std::get<core::JobSubmitted>(read->front().body).spec,
              std::get<core::JobSubmitted>(read->back().body).spec);
}

std::string message_of(const gusu::storage::v1::Batch& batch) {
    const auto read = decode_events(batch.SerializeAsString());
    return read.ok() ? "" : read.error().message;
}

TEST(EventCodec, RefusesWhatItDoesNotKnow) {
    EXPECT_FALSE(decode_events("\xff\xff nonsense").ok());

    gusu::storage::v1::Batch no_body;
    no_body.add_events()->set_at(1);
    EXPECT_NE(message_of(no_body).find("kind this version does not know"), std::string::npos);

    gusu::storage::v1::Batch enumerator;
    enumerator.add_events()->mutable_job_held()->set_hold(static_cast<gusu::storage::v1::Hold>(99));
    EXPECT_NE(message_of(enumerator).find("unknown hold 99"), std::string::npos);

    gusu::storage::v1::Batch no_spec;
    no_spec.add_events()->mutable_job_submitted()->set_spec(3);
    EXPECT_NE(message_of(no_spec).find("names job spec 3 of 0"), std::string::npos);

    gusu::storage::v1::Batch negative;
    negative.add_events()->mutable_quota_changed()->mutable_quota()->set_guaranteed(-5);
    EXPECT_NE(message_of(negative).find("an amount of -5"), std::string::npos);
}

TEST(EventCodec, RefusesACutRecord) {
    core::Events events;
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        events.push_back(any_event(kind, 3));
    }
    const std::string bytes = encode_events(events);
    EXPECT_FALSE(decode_events(std::string_view(bytes).substr(0, bytes.size() - 1)).ok());
}

}  // namespace
}  // namespace gusu::wire
