#include "scheduler/store/copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/store/sqlite.h"
#include "scheduler/store/sqlite_journal.h"
#include "scheduler/wire/event_codec.h"
#include "tests/unit/store/batches.h"
#include "tests/unit/store/scratch_folder.h"
#include "tests/unit/store/store_under_test.h"

namespace gusu::store {
namespace {

using testing::HasSubstr;

// From a SQLite file into whatever store is under test.
class CopyTest : public testing::Test {
protected:
    CopyTest() {
        const auto journal = std::move(*SqliteJournal::open(file_));
        Batch first;
        first.events.push_back({from_milliseconds(1), core::LeadershipTaken{7}});
        first.events.push_back({from_milliseconds(2), core::TokenIssued{token()}});
        first.usage.push_back({.job = {1}, .tenant = "suda", .user = "li", .accelerator = "x"});
        first.history.push_back({.job = {1},
                                 .array = {},
                                 .array_index = 0,
                                 .ended = from_milliseconds(2),
                                 .tenant = "suda",
                                 .user = "li",
                                 .state = "SUCCEEDED",
                                 .job_message = "m"});
        EXPECT_TRUE(journal->append({&first}).ok());
        core::State state;
        for (const core::Event& event : first.events) {
            state.apply(event);
        }
        EXPECT_TRUE(journal->write_snapshot(state.as_events()).ok());
        Batch second;
        second.events.push_back({from_milliseconds(3), core::LeadershipTaken{8}});
        EXPECT_TRUE(journal->append({&second}).ok());
    }

    static core::TokenRecord token() {
        core::TokenRecord token;
        token.id = "id";
        token.hash = "hash";
        token.user = "li";
        return token;
    }

    std::unique_ptr<RowSource> original() { return std::move(*open_rows(file_)); }

    // As a scheduler that starts on it reads it.
    static core::State started(Journal& journal) {
        core::State state;
        std::uint64_t last = 0;
        EXPECT_TRUE(
            journal.replay(last, [&](const core::Event& event) { state.apply(event); }).ok());
        return state;
    }

    ScratchFolder folder_;
    std::filesystem::path file_ = folder_.path() / "original.db";
    const std::unique_ptr<StoreUnderTest> store_ = make_store();
    const std::unique_ptr<Journal> copy_ = std::move(*store_->open());
};

TEST_F(CopyTest, AContinuationHasAllRecordsRowsAndTheState) {
    const auto copied = copy_store(*original(), *copy_, Copy::Continuation);
    ASSERT_TRUE(copied.ok()) << copied.error().message;
    const core::State state = started(*copy_);
    EXPECT_EQ(wire::encode_events(state.as_events()), wire::encode_events(copied->as_events()));
    EXPECT_EQ(state.epoch(), 8U);
    EXPECT_EQ(state.directory().tokens.size(), 1U);
    EXPECT_EQ(store_->number("SELECT count(*) FROM journal"), 2);
    EXPECT_EQ(store_->number("SELECT count(*) FROM usage"), 1);
    const auto history = store_->history();
    const auto job = history->job({1});
    ASSERT_TRUE(job.ok() && *job);
    EXPECT_EQ((*job)->job_message, "m");
    EXPECT_EQ(copy_->events_since_snapshot(), 0U);
}

TEST_F(CopyTest, AReturnToThePastGivesOutNothingAgain) {
    const core::State before = examine(*original())->state;
    const auto copied = copy_store(*original(), *copy_, Copy::ReturnToThePast);
    ASSERT_TRUE(copied.ok()) << copied.error().message;
    const core::State state = started(*copy_);
    EXPECT_GE(state.next_id(), before.next_id() + 1'000'000'000);
    EXPECT_GE(state.epoch(), before.epoch() + 1'000'000'000);
    EXPECT_EQ(state.directory().tokens.size(), 1U);
}

TEST_F(CopyTest, WhatIsSoundIsCounted) {
    const auto examined = examine(*original());
    ASSERT_TRUE(examined.ok()) << examined.error().message;
    EXPECT_EQ(examined->records, 2U);
    EXPECT_EQ(examined->events, 3U);
    EXPECT_EQ(examined->state.epoch(), 8U);
}

TEST_F(CopyTest, ASnapshotOfAnotherStateIsFoundOut) {
    {
        const auto journal = std::move(*SqliteJournal::open(file_));
        core::State state;
        state.apply({from_milliseconds(3), core::LeadershipTaken{9}});
        ASSERT_TRUE(journal->write_snapshot(state.as_events()).ok());
    }
    const auto examined = examine(*original());
    ASSERT_FALSE(examined.ok());
    EXPECT_THAT(examined.error().message, HasSubstr("come to another state than all records"));
}

TEST_F(CopyTest, AFollowerFindsOutThatAnOlderStateWasBroughtBack) {
    const Batch first = batch_of({1});
    const Batch second = batch_of({2});
    ASSERT_TRUE(copy_->append({&first, &second}).ok());
    std::uint64_t last = 0;
    ASSERT_EQ(times(*copy_, last).size(), 2U);
    store_->change("DELETE FROM journal WHERE sequence = 2");
    const Status followed = copy_->replay(last, [](const core::Event&) {});
    ASSERT_FALSE(followed.ok());
    EXPECT_EQ(followed.error().code, ErrorCode::Internal);
    EXPECT_THAT(followed.error().message, HasSubstr("the journal ends before record 2"));
}

}  // namespace
}  // namespace gusu::store
