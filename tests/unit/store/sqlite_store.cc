#include <gtest/gtest.h>

#include "scheduler/store/sqlite.h"
#include "scheduler/store/sqlite_journal.h"
#include "tests/unit/store/scratch_folder.h"
#include "tests/unit/store/store_under_test.h"

namespace gusu::store {
namespace {

class SqliteStore final : public StoreUnderTest {
public:
    Result<std::unique_ptr<Journal>> open() override {
        auto journal = SqliteJournal::open(file_);
        if (!journal) {
            return journal.error();
        }
        return std::unique_ptr<Journal>(std::move(*journal));
    }

    std::unique_ptr<History> history() override {
        return std::make_unique<History>(std::move(*open_rows(file_)));
    }

    void change(const std::string& sql) override {
        const auto database = open_database(file_, Access::Write);
        ASSERT_TRUE(database.ok());
        const Status done = execute(database->get(), sql.c_str());
        ASSERT_TRUE(done.ok()) << done.error().message;
    }

    std::int64_t number(const std::string& sql) override {
        const auto database = open_database(file_, Access::Read);
        return *query_integer(database->get(), sql);
    }

    void break_record(int sequence) override {
        change("UPDATE journal SET events = x'ff' WHERE sequence = " + std::to_string(sequence));
    }
    void set_version(int version) override {
        change("PRAGMA user_version = " + std::to_string(version));
    }
    void fill_disk() override {
        change(
            "CREATE TRIGGER full BEFORE INSERT ON usage BEGIN SELECT raise(ABORT, 'disk full'); "
            "END");
    }
    void free_disk() override { change("DROP TRIGGER full"); }

private:
    ScratchFolder folder_;
    std::filesystem::path file_ = folder_.path() / "journal.db";
};

}  // namespace

std::unique_ptr<StoreUnderTest> make_store() { return std::make_unique<SqliteStore>(); }

}  // namespace gusu::store
