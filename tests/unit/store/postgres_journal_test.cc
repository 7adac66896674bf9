#include "scheduler/store/postgres_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "scheduler/store/postgres_lease.h"
#include "tests/unit/store/batches.h"
#include "tests/unit/store/postgres_store.h"

namespace gusu::store {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Predecessor = PostgresLease::Predecessor;

// A lease that has run out as soon as it is taken, and one that no test lives to see run out.
constexpr std::chrono::milliseconds kNone{0};
constexpr std::chrono::milliseconds kLong{3'600'000};

class PostgresJournalTest : public testing::Test {
protected:
    PostgresLease lease(const std::string& address, std::chrono::milliseconds length) {
        return PostgresLease({.connection = schema_.connection(),
                              .address = address,
                              .length = length,
                              .patience = std::chrono::seconds(10)});
    }

    // In the next term; the lease runs out at once.
    std::unique_ptr<PostgresJournal> leader() {
        auto journal = std::make_unique<PostgresJournal>(schema_.connection());
        const auto taken = lease("127.0.0.1:1", kNone).take();
        EXPECT_TRUE(taken.ok() && *taken);
        EXPECT_TRUE(journal->lead((*taken)->term).ok());
        return journal;
    }

    // Whether it becomes true of the server within a minute.
    bool eventually(const std::string& condition) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (std::chrono::steady_clock::now() < until) {
            if (schema_.number("SELECT (" + condition + ")::int") == 1) {
                return true;
            }
            std::this_thread::yield();
        }
        return false;
    }

    PostgresSchema schema_;
};

TEST_F(PostgresJournalTest, OneHoldsTheLeaseUntilItIsReleased) {
    PostgresLease first = lease("127.0.0.1:1", kLong);
    PostgresLease second = lease("127.0.0.1:2", kLong);
    const auto taken = first.take();
    ASSERT_TRUE(taken.ok() && *taken) << taken.error().message;
    EXPECT_EQ((*taken)->term, 1U);
    EXPECT_EQ((*taken)->predecessor, Predecessor::Released);
    EXPECT_FALSE(second.take()->has_value());
    EXPECT_EQ(second.holder(), "127.0.0.1:1");
    EXPECT_TRUE(*first.renew());
    ASSERT_TRUE(first.release().ok());
    const auto next = second.take();
    ASSERT_TRUE(next.ok() && *next);
    EXPECT_EQ((*next)->term, 2U);
    EXPECT_EQ((*next)->predecessor, Predecessor::Released);
    EXPECT_FALSE(*first.renew());
}

TEST_F(PostgresJournalTest, ALeaseThatRanOutTellsThatItsHolderWasSilent) {
    PostgresLease first = lease("127.0.0.1:1", kNone);
    PostgresLease second = lease("127.0.0.1:2", kLong);
    ASSERT_TRUE(first.take()->has_value());
    const auto taken = second.take();
    ASSERT_TRUE(taken.ok() && *taken);
    EXPECT_EQ((*taken)->predecessor, Predecessor::Silent);
    EXPECT_EQ(second.holder(), "127.0.0.1:2");
    EXPECT_FALSE(*first.renew());
}

TEST_F(PostgresJournalTest, WhoNoLongerLeadsCannotWrite) {
    const Batch before = batch_of({1});
    const Batch late = batch_of({2});
    const Batch after = batch_of({3});
    const auto stale = leader();
    ASSERT_TRUE(stale->append({&before}).ok());
    const auto current = leader();
    // The new leader has ended its connection. What it tries again after that is refused for good.
    EXPECT_EQ(stale->append({&late}).error().code, ErrorCode::Unavailable);
    for (int i = 0; i < 2; ++i) {
        const Status refused = stale->append({&late});
        ASSERT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().code, ErrorCode::FailedPrecondition);
        EXPECT_THAT(refused.error().message,
                    HasSubstr("term 1 is over: 127.0.0.1:1 leads in term 2"));
    }
    EXPECT_FALSE(stale->write_snapshot(batch_of({100}).events).ok());
    ASSERT_TRUE(current->append({&after}).ok());
    EXPECT_THAT(times(*current), ElementsAre(1, 3));
}

TEST_F(PostgresJournalTest, AWriterThatHangsInItsCommitIsEnded) {
    const auto stale = leader();
    // What a process stopped between its statements leaves behind.
    PostgresConnection hanging({.connection = schema_.connection()});
    ASSERT_TRUE(hanging
                    .run("DO $$ BEGIN EXECUTE format('SET application_name = %L', 'gusu ' || "
                         "(SELECT identity FROM store) || ' 1'); END $$")
                    .ok());
    ASSERT_TRUE(hanging.run("BEGIN; SELECT require_term(1, 0)").ok());
    const auto current = leader();
    const Batch batch = batch_of({1});
    EXPECT_TRUE(current->append({&batch}).ok());
}

TEST_F(PostgresJournalTest, ALostConnectionComesBack) {
    const auto journal = leader();
    const Batch first = batch_of({1});
    const Batch second = batch_of({2});
    ASSERT_TRUE(journal->append({&first}).ok());
    schema_.change(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != "
        "pg_backend_pid() AND usename = current_user");
    ASSERT_TRUE(
        eventually("SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name "
                   "LIKE 'gusu %'"));
    const Status failed = journal->append({&second});
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, ErrorCode::Unavailable) << failed.error().message;
    ASSERT_TRUE(journal->append({&second}).ok());
    EXPECT_THAT(times(*journal), ElementsAre(1, 2));
}

TEST_F(PostgresJournalTest, WhatWasStoredWithoutAnAnswerIsNotStoredTwice) {
    const auto journal = leader();
    Batch batch = batch_of({1, 2});
    batch.usage.push_back({.job = {1}, .tenant = "suda", .user = "li", .accelerator = "x"});
    // A commit waits for a replica that does not exist; ended then, it is stored all the same.
    schema_.change("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    schema_.change("SELECT pg_reload_conf()");
    ASSERT_TRUE(eventually("current_setting('synchronous_standby_names') = 'nobody'"));
    auto appended = std::async(std::launch::async, [&] { return journal->append({&batch}); });
    ASSERT_TRUE(
        eventually("SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = "
                   "'SyncRep'"));
    schema_.change(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = "
        "'SyncRep'");
    const Status unknown = appended.get();
    schema_.change("ALTER SYSTEM RESET synchronous_standby_names");
    schema_.change("SELECT pg_reload_conf()");
    ASSERT_TRUE(eventually("current_setting('synchronous_standby_names') = ''"));
    ASSERT_FALSE(unknown.ok());
    EXPECT_EQ(unknown.error().code, ErrorCode::Unavailable) << unknown.error().message;
    ASSERT_TRUE(journal->append({&batch}).ok());
    EXPECT_THAT(times(*journal), ElementsAre(1, 2));
    EXPECT_EQ(schema_.number("SELECT count(*) FROM usage"), 1);
    EXPECT_EQ(journal->events_since_snapshot(), 2U);
}

TEST_F(PostgresJournalTest, AStoreThatHasLostRecordsIsNotWrittenTo) {
    const auto journal = leader();
    const Batch first = batch_of({1});
    const Batch second = batch_of({2});
    ASSERT_TRUE(journal->append({&first, &second}).ok());
    schema_.change("DELETE FROM journal WHERE sequence = 2");
    const Status refused = journal->append({&first});
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().message,
                HasSubstr("the store ends at record 1 and record 2 was acknowledged"));
    EXPECT_THAT(times(*journal), ElementsAre(1));
}

TEST_F(PostgresJournalTest, SchedulersThatStartAtOnceMakeTheTablesOnce) {
    const auto open = [this] {
        PostgresJournal journal(schema_.connection());
        std::uint64_t last = 0;
        return journal.replay(last, [](const core::Event&) {}).ok();
    };
    std::vector<std::future<bool>> opened;
    for (int i = 0; i < 8; ++i) {
        opened.push_back(std::async(std::launch::async, open));
    }
    for (std::future<bool>& each : opened) {
        EXPECT_TRUE(each.get());
    }
    EXPECT_EQ(schema_.number("SELECT count(*) FROM store"), 1);
}

TEST_F(PostgresJournalTest, AServerThatDoesNotSyncIsRefused) {
    schema_.change("ALTER SYSTEM SET fsync = off");
    schema_.change("SELECT pg_reload_conf()");
    ASSERT_TRUE(eventually("current_setting('fsync') = 'off'"));
    PostgresJournal journal(schema_.connection());
    std::uint64_t last = 0;
    const Status opened = journal.replay(last, [](const core::Event&) {});
    schema_.change("ALTER SYSTEM RESET fsync");
    schema_.change("SELECT pg_reload_conf()");
    ASSERT_TRUE(eventually("current_setting('fsync') = 'on'"));
    ASSERT_FALSE(opened.ok());
    EXPECT_THAT(opened.error().message, HasSubstr("has fsync = off"));
}

TEST_F(PostgresJournalTest, AServerThatIsNotThereIsUnavailableAndNoPasswordIsTold) {
    PostgresJournal journal("host=127.0.0.1 port=1 user=gusu password=secret dbname=gusu");
    std::uint64_t last = 0;
    const Status opened = journal.replay(last, [](const core::Event&) {});
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(opened.error().message, AllOf(HasSubstr("127.0.0.1"), HasSubstr("see that it runs"),
                                              Not(HasSubstr("secret")), Not(HasSubstr("\n"))));
}

TEST_F(PostgresJournalTest, WordsThatAreNoConnectionAreNamed) {
    EXPECT_TRUE(check_connection_string("host=127.0.0.1 dbname=gusu").ok());
    EXPECT_TRUE(check_connection_string("postgresql://gusu@127.0.0.1/gusu").ok());
    const Status wrong = check_connection_string("hots=127.0.0.1");
    ASSERT_FALSE(wrong.ok());
    EXPECT_THAT(wrong.error().message, HasSubstr("hots"));
}

}  // namespace
}  // namespace gusu::store
