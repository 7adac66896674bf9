#include "scheduler/store/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/store/batches.h"
#include "tests/unit/store/store_under_test.h"

namespace gusu::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class JournalTest : public testing::Test {
protected:
    std::unique_ptr<Journal> open() const {
        auto journal = store_->open();
        EXPECT_TRUE(journal.ok()) << journal.error().message;
        return journal.ok() ? std::move(*journal) : nullptr;
    }

    const std::unique_ptr<StoreUnderTest> store_ = make_store();
};

TEST_F(JournalTest, WhatWasAppendedIsReplayedInOrder) {
    const Batch first = batch_of({1, 2});
    const Batch second = batch_of({3});
    const Batch third = batch_of({4});
    {
        const auto journal = open();
        EXPECT_THAT(times(*journal), IsEmpty());
        EXPECT_TRUE(journal->append({&first, &second}).ok());
        EXPECT_EQ(journal->events_since_snapshot(), 3U);
        EXPECT_THAT(times(*journal), ElementsAre(1, 2, 3));
    }
    const auto journal = open();
    EXPECT_EQ(journal->events_since_snapshot(), 3U);
    EXPECT_TRUE(journal->append({&third}).ok());
    EXPECT_THAT(times(*journal), ElementsAre(1, 2, 3, 4));
}

TEST_F(JournalTest, ASnapshotStandsForWhatWasBefore) {
    const Batch first = batch_of({1, 2});
    const Batch second = batch_of({3});
    {
        const auto journal = open();
        ASSERT_TRUE(journal->append({&first}).ok());
        ASSERT_TRUE(journal->write_snapshot(batch_of({100, 101}).events).ok());
        EXPECT_EQ(journal->events_since_snapshot(), 0U);
        ASSERT_TRUE(journal->append({&second}).ok());
    }
    const auto journal = open();
    EXPECT_EQ(journal->events_since_snapshot(), 1U);
    EXPECT_THAT(times(*journal), ElementsAre(100, 101, 3));
    ASSERT_TRUE(journal->write_snapshot(batch_of({200}).events).ok());
    EXPECT_THAT(times(*journal), ElementsAre(200));
}

TEST_F(JournalTest, ASnapshotIsKeptInPartsOfAtMostFourMegabytes) {
    const auto journal = open();
    core::Events events;
    for (int i = 0; i < 20; ++i) {
        core::NodeDrained drained{.node = {1}, .reason = std::string(1 << 20, 'x')};
        events.push_back({from_milliseconds(i), std::move(drained)});
    }
    ASSERT_TRUE(journal->write_snapshot(events).ok());
    const std::vector<std::int64_t> replayed = times(*journal);
    ASSERT_EQ(replayed.size(), 20U);
    EXPECT_EQ(replayed.back(), 19);
    const std::int64_t largest = store_->number("SELECT max(length(events)) FROM snapshot");
    EXPECT_LE(largest, 4 << 20);
    EXPECT_GT(largest, 1 << 20);
}

TEST_F(JournalTest, ANewerVersionIsRefused) {
    open();
    store_->set_version(7);
    const auto journal = store_->open();
    ASSERT_FALSE(journal.ok());
    EXPECT_THAT(journal.error().message, HasSubstr("has version 7"));
    EXPECT_THAT(journal.error().message, HasSubstr("run the newer gusu-scheduler"));
}

TEST_F(JournalTest, ABrokenRecordIsNamed) {
    const Batch first = batch_of({1});
    const Batch second = batch_of({2});
    const auto journal = open();
    ASSERT_TRUE(journal->append({&first, &second}).ok());
    store_->break_record(2);
    std::uint64_t last = 0;
    const Status replayed = journal->replay(last, [](const core::Event&) {});
    ASSERT_FALSE(replayed.ok());
    EXPECT_THAT(replayed.error().message, HasSubstr("journal record 2 is no record of events"));
}

TEST_F(JournalTest, AMissingRecordIsNamed) {
    const Batch first = batch_of({1});
    const Batch second = batch_of({2});
    const Batch third = batch_of({3});
    const auto journal = open();
    ASSERT_TRUE(journal->append({&first, &second, &third}).ok());
    store_->change("DELETE FROM journal WHERE sequence = 2");
    std::uint64_t last = 0;
    const Status replayed = journal->replay(last, [](const core::Event&) {});
    ASSERT_FALSE(replayed.ok());
    EXPECT_THAT(replayed.error().message, HasSubstr("journal record 2 is missing"));
}

TEST_F(JournalTest, AFailedAppendLeavesNothingAndMayBeTriedAgain) {
    const Batch first = batch_of({1});
    Batch second = batch_of({2});
    second.usage.push_back({.job = {1}, .tenant = "suda", .user = "li", .accelerator = "x"});
    const auto journal = open();
    ASSERT_TRUE(journal->append({&first}).ok());
    // The second batch fails at its last row, when its events are already in the transaction.
    store_->fill_disk();
    const Status failed = journal->append({&second});
    ASSERT_FALSE(failed.ok());
    EXPECT_THAT(failed.error().message, HasSubstr("disk full"));
    EXPECT_EQ(journal->events_since_snapshot(), 1U);
    EXPECT_THAT(times(*journal), ElementsAre(1));
    store_->free_disk();
    ASSERT_TRUE(journal->append({&second}).ok());
    EXPECT_THAT(times(*journal), ElementsAre(1, 2));
}

TEST_F(JournalTest, ReplayGoesOnAfterTheRecordItEndedWith) {
    const Batch first = batch_of({1, 2});
    const Batch second = batch_of({3});
    const auto journal = open();
    ASSERT_TRUE(journal->append({&first}).ok());
    std::uint64_t last = 0;
    EXPECT_THAT(times(*journal, last), ElementsAre(1, 2));
    EXPECT_EQ(last, 1U);
    EXPECT_THAT(times(*journal, last), IsEmpty());
    ASSERT_TRUE(journal->append({&second}).ok());
    // What is known needs no snapshot.
    ASSERT_TRUE(journal->write_snapshot(batch_of({100}).events).ok());
    EXPECT_THAT(times(*journal, last), ElementsAre(3));
    EXPECT_EQ(last, 2U);
}

TEST_F(JournalTest, AnErrorLeavesReplayAtTheLastWholeRecord) {
    const Batch first = batch_of({1});
    const Batch second = batch_of({2});
    const auto journal = open();
    ASSERT_TRUE(journal->append({&first, &second}).ok());
    store_->break_record(2);
    std::uint64_t last = 0;
    EXPECT_FALSE(journal->replay(last, [](const core::Event&) {}).ok());
    EXPECT_EQ(last, 1U);
}

}  // namespace
}  // namespace gusu::store
