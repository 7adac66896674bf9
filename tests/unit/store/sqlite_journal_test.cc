#include "scheduler/store/sqlite_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "scheduler/store/sqlite.h"
#include "tests/unit/store/batches.h"
#include "tests/unit/store/scratch_folder.h"

namespace gusu::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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

class SqliteJournalTest : public testing::Test {
protected:
    std::filesystem::path file() const { return folder_.path() / "journal.db"; }

    std::unique_ptr<SqliteJournal> open() const {
        auto journal = SqliteJournal::open(file());
        EXPECT_TRUE(journal.ok()) << journal.error().message;
        return journal.ok() ? std::move(*journal) : nullptr;
    }

private:
    ScratchFolder folder_;
};

TEST_F(SqliteJournalTest, OnlyOneMayHaveItOpen) {
    const auto journal = open();
    const auto second = SqliteJournal::open(file());
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::FailedPrecondition);
    EXPECT_THAT(second.error().message, HasSubstr("another gusu-scheduler has this journal open"));
}

TEST_F(SqliteJournalTest, ADatabaseOfAnotherProgramIsRefused) {
    {
        const auto database = open_database(file(), Access::Write);
        ASSERT_TRUE(execute(database->get(), "CREATE TABLE t (a)").ok());
    }
    const auto journal = SqliteJournal::open(file());
    ASSERT_FALSE(journal.ok());
    EXPECT_THAT(journal.error().message, HasSubstr("is a database of another program"));
}

TEST_F(SqliteJournalTest, AFolderThatIsNotThereIsNamed) {
    const auto journal = SqliteJournal::open("/nonexistent/journal.db");
    ASSERT_FALSE(journal.ok());
    EXPECT_THAT(journal.error().message, HasSubstr("/nonexistent/journal.db.lock"));
}

TEST_F(SqliteJournalTest, AFullDiskIsUnavailableUntilThereIsSpace) {
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

TEST_F(SqliteJournalTest, AHistoryThatIsNotThereIsNamed) {
    const auto rows = open_rows("/nonexistent/journal.db");
    ASSERT_FALSE(rows.ok());
    EXPECT_THAT(rows.error().message, HasSubstr("/nonexistent/journal.db"));
}

}  // namespace
}  // namespace gusu::store
