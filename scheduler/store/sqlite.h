// A thin cover over SQLite: connections and statements that close themselves, and its errors as
// ours.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "scheduler/base/result.h"
#include "scheduler/store/rows.h"

namespace gusu::store {

struct CloseDatabase {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

enum class Access { Write, Read };
Result<Database> open_database(const std::filesystem::path& file, Access access);

// What SQLite last complained of. A full or failing disk is Unavailable: it may be well again.
Error database_error(sqlite3* database, std::string_view doing);

Status execute(sqlite3* database, const char* sql);
// The one number a query like "PRAGMA user_version" gives; 0 if it gives no row.
Result<std::int64_t> query_integer(sqlite3* database, const std::string& sql);

// Prepared once, used many times. Bound text must live until the next step().
class Statement final : public Row {
public:
    static Result<Statement> prepare(sqlite3* database, const std::string& sql);

    Statement& bind(std::int64_t value);
    Statement& bind(std::string_view text);
    Statement& bind_blob(std::string_view bytes);

    // True if there is a row. After false or an error the next binding begins anew at the first
    // parameter.
    Result<bool> step();
    // For statements that give no rows.
    Status run();
    void reset();

    // Of the row that the last step() came to.
    std::int64_t integer(int column) const override;
    std::string text(int column) const override;
    std::string_view blob(int column) const override;

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int bound_ = 0;
};

// Of a database that outlives it.
class SqliteRows final : public RowSource {
public:
    explicit SqliteRows(sqlite3* database) : database_(database) {}
    Status read(const std::string& sql, const std::vector<Value>& values,
                const std::function<Status(const Row&)>& take) override;

private:
    sqlite3* database_;
};

// A connection of its own, for reading.
Result<std::unique_ptr<RowSource>> open_rows(const std::filesystem::path& file);

}  // namespace gusu::store
