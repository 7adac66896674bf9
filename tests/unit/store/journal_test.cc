#include "scheduler/store/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <csignal>

#include "scheduler/store/database.h"
#include "tests/unit/store/scratch_folder.h"

namespace gusu::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Events that differ in their time alone.
Batch batch_of(std::initializer_list<std::int64_t> times) {
    Batch batch;
    for (const std::int64_t time : times) {
        batch.events.push_back({from_milliseconds(time), core::JobReleased{{1}}});
    }
    return batch;
}

// While it lives, writing beyond `bytes` of any file fails, as on a full disk.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) {
        check(getrlimit(RLIMIT_FSIZE, &before_) == 0, "the limit can be read");
        before_signal_ = signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
        check(setrlimit(RLIMIT_FSIZE, &limit) == 0, "the limit can be lowered");
    }
    ~FileSizeLimit() {
        setrlimit(RLIMIT_FSIZE, &before_);
        signal(SIGXFSZ, before_signal_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit before_{};
    sighandler_t before_signal_ = SIG_DFL;
};

class JournalTest : public testing::Test {
protected:
    std::filesystem::path file() const { return folder_.path() / "journal.db"; }

    std::unique_ptr<Journal> open() const {
        auto journal = Journal::open(file());
        EXPECT_TRUE(journal.ok()) << journal.error().message;
        return journal.ok() ? std::move(*journal) : nullptr;
    }

    static std::vector<std::int64_t> times(Journal& journal) {
        std::vector<std::int64_t> times;
        const Status replayed = journal.replay(
            [&](const core::Event& event) { times.push_back(to_milliseconds(event.at)); });
        EXPECT_TRUE(replayed.ok()) << replayed.error().message;
        return times;
    }

    // Changes the file behind the journal's back.
    void spoil(const char* sql) const {
        auto database = open_database(file(), Access::Write);
        ASSERT_TRUE(database.ok());
        const Status done = execute(database->get(), sql);
        ASSERT_TRUE(done.ok()) << done.error().message;
    }

private:
    ScratchFolder folder_;
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
    auto database = open_database(file(), Access::Read);
    ASSERT_TRUE(database.ok());
    const auto largest = query_integer(database->get(), "SELECT max(length(events)) FROM snapshot");
    EXPECT_LE(*largest, 4 << 20);
    EXPECT_GT(*largest, 1 << 20);
}

TEST_F(JournalTest, OnlyOneMayHaveItOpen) {
    const auto journal = open();
    const auto second = Journal::open(file());
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::FailedPrecondition);
    EXPECT_THAT(second.error().message, HasSubstr("another gusu-scheduler has this journal open"));
}

TEST_F(JournalTest, ANewerVersionIsRefused) {
    open();
    spoil("PRAGMA user_version = 7");
    const auto journal = Journal::open(file());
    ASSERT_FALSE(journal.ok());
    EXPECT_THAT(journal.error().message, HasSubstr("has version 7"));
    EXPECT_THAT(journal.error().message, HasSubstr("run the newer gusu-scheduler"));
}

TEST_F(JournalTest, ADatabaseOfAnotherProgramIsRefused) {
    spoil("CREATE TABLE t (a)");
    const auto journal = Journal::open(file());
    ASSERT_FALSE(journal.ok());
    EXPECT_THAT(journal.error().message, HasSubstr("is a database of another program"));
}

TEST_F(JournalTest, AFolderThatIsNotThereIsNamed) {
    const auto journal = Journal::open("/nonexistent/journal.db");
    ASSERT_FALSE(journal.ok());
    EXPECT_THAT(journal.error().message, HasSubstr("/nonexistent/journal.db.lock"));
}

TEST_F(JournalTest, ABrokenRecordIsNamed) {
    const Batch first = batch_of({1});
    const Batch second = batch_of({2});
    const auto journal = open();
    ASSERT_TRUE(journal->append({&first, &second}).ok());
    spoil("UPDATE journal SET events = x'ff' WHERE sequence = 2");
    const Status replayed = journal->replay([](const core::Event&) {});
    ASSERT_FALSE(replayed.ok());
    EXPECT_THAT(replayed.error().message, HasSubstr("journal record 2 is no record of events"));
}

TEST_F(JournalTest, AMissingRecordIsNamed) {
    const Batch first = batch_of({1});
    const Batch second = batch_of({2});
    const Batch third = batch_of({3});
    const auto journal = open();
    ASSERT_TRUE(journal->append({&first, &second, &third}).ok());
    spoil("DELETE FROM journal WHERE sequence = 2");
    const Status replayed = journal->replay([](const core::Event&) {});
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
    spoil("CREATE TRIGGER full BEFORE INSERT ON usage BEGIN SELECT raise(ABORT, 'disk full'); END");
    const Status failed = journal->append({&second});
    ASSERT_FALSE(failed.ok());
    EXPECT_THAT(failed.error().message, HasSubstr("disk full"));
    EXPECT_EQ(journal->events_since_snapshot(), 1U);
    EXPECT_THAT(times(*journal), ElementsAre(1));
    spoil("DROP TRIGGER full");
    ASSERT_TRUE(journal->append({&second}).ok());
    EXPECT_THAT(times(*journal), ElementsAre(1, 2));
}

TEST_F(JournalTest, AFullDiskIsUnavailableUntilThereIsSpace) {
    const auto journal = open();
    const Batch small = batch_of({1});
    ASSERT_TRUE(journal->append({&small}).ok());
    Batch large;
    large.events.push_back(
        {from_milliseconds(2), core::NodeDrained{{1}, std::string(8 << 20, 'x')}});
    Status failed = Done{};
    {
        const FileSizeLimit limit(1 << 20);
        failed = journal->append({&large});
    }
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, ErrorCode::Unavailable) << failed.error().message;
    EXPECT_THAT(failed.error().message, HasSubstr("make space on the disk of"));
    EXPECT_THAT(times(*journal), ElementsAre(1));
    ASSERT_TRUE(journal->append({&large}).ok());
    EXPECT_THAT(times(*journal), ElementsAre(1, 2));
}

}  // namespace
}  // namespace gusu::store
