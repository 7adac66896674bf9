#include "tests/unit/store/postgres_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "scheduler/store/postgres_journal.h"
#include "scheduler/store/postgres_lease.h"
#include "tests/unit/store/store_under_test.h"

namespace gusu::store {
namespace {

std::string new_name() {
    static int schemas = 0;
    return "test_" + std::to_string(getpid()) + "_" + std::to_string(++schemas);
}

std::string server() {
    const char* connection = std::getenv("GUSU_TEST_POSTGRESQL");
    check(connection != nullptr, "GUSU_TEST_POSTGRESQL names a server; see tests/ha/postgresql.py");
    return connection;
}

class PostgresStore final : public StoreUnderTest {
public:
    // Leads, in a term of its own, and gives the lease back at once.
    Result<std::unique_ptr<Journal>> open() override {
        auto journal = std::make_unique<PostgresJournal>(schema_.connection());
        PostgresLease lease({.connection = schema_.connection(), .address = "127.0.0.1:7077"});
        const auto taken = lease.take();
        if (!taken) {
            return taken.error();
        }
        const Status led = journal->lead((*taken)->term);
        const Status released = lease.release();
        if (!led || !released) {
            return led ? released.error() : led.error();
        }
        return std::unique_ptr<Journal>(std::move(journal));
    }

    std::unique_ptr<History> history() override {
        return std::make_unique<History>(std::make_unique<PostgresConnection>(
            PostgresConnection::Options{.connection = schema_.connection()}));
    }

    void change(const std::string& sql) override { schema_.change(sql); }
    std::int64_t number(const std::string& sql) override { return schema_.number(sql); }

    void break_record(int sequence) override {
        change("UPDATE journal SET events = '\\xff' WHERE sequence = " + std::to_string(sequence));
    }
    void set_version(int version) override {
        change("UPDATE store SET version = " + std::to_string(version));
    }
    void fill_disk() override {
        change("ALTER TABLE usage ADD CONSTRAINT \"disk full\" CHECK (false) NOT VALID");
    }
    void free_disk() override { change("ALTER TABLE usage DROP CONSTRAINT \"disk full\""); }

private:
    PostgresSchema schema_;
};

}  // namespace

PostgresSchema::PostgresSchema()
    : name_(new_name()),
      connection_(server() + " options='-csearch_path=" + name_ + "'"),
      own_({.connection = connection_}) {
    change("CREATE SCHEMA " + name_);
}

PostgresSchema::~PostgresSchema() { change("DROP SCHEMA " + name_ + " CASCADE"); }

void PostgresSchema::change(const std::string& sql) {
    const Status done = own_.run(sql);
    EXPECT_TRUE(done.ok()) << sql << ": " << done.error().message;
}

std::int64_t PostgresSchema::number(const std::string& sql) {
    const auto number = read_integer(own_, sql);
    EXPECT_TRUE(number.ok()) << sql << ": " << number.error().message;
    return number.ok() ? *number : -1;
}

std::unique_ptr<StoreUnderTest> make_store() { return std::make_unique<PostgresStore>(); }

}  // namespace gusu::store
