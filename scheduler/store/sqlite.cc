#include "scheduler/store/sqlite.h"

#include "scheduler/base/text.h"

namespace gusu::store {
namespace {

constexpr int kBusyMilliseconds = 10'000;

bool may_get_well(int code) {
    switch (code & 0xff) {
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_NOMEM:
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
            return true;
        default:
            return false;
    }
}

std::string remedy(int code, const std::string& file) {
    switch (code & 0xff) {
        case SQLITE_FULL:
        case SQLITE_IOERR:
            return "; make space on the disk of " + file + " and see that it is sound";
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
            return "; see that " + file + " and its folder may be written";
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return "; " + file + " is damaged: restore it from a backup";
        default:
            return "";
    }
}

class OwnRows final : public RowSource {
public:
    explicit OwnRows(Database database) : database_(std::move(database)), rows_(database_.get()) {}
    Status read(const std::string& sql, const std::vector<Value>& values,
                const std::function<Status(const Row&)>& take) override {
        return rows_.read(sql, values, take);
    }

private:
    Database database_;
    SqliteRows rows_;
};

}  // namespace

Result<Database> open_database(const std::filesystem::path& file, Access access) {
    const int flags =
        access == Access::Write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database(opened);
    if (code != SQLITE_OK) {
        return Error{ErrorCode::Unavailable,
                     "cannot open " + quote(file.string()) + ": " + sqlite3_errstr(code) +
                         "; see that the folder is there and may be written"};
    }
    sqlite3_extended_result_codes(opened, 1);
    sqlite3_busy_timeout(opened, kBusyMilliseconds);
    return database;
}

Error database_error(sqlite3* database, std::string_view doing) {
    const int code = sqlite3_extended_errcode(database);
    const char* name = sqlite3_db_filename(database, "main");
    return {may_get_well(code) ? ErrorCode::Unavailable : ErrorCode::Internal,
            std::string(doing) + ": " + sqlite3_errmsg(database) + " (SQLite " +
                std::to_string(code) + ")" + remedy(code, name == nullptr ? "?" : name)};
}

Status execute(sqlite3* database, const char* sql) {
    if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
        const std::string_view text(sql);
        return database_error(database, text.substr(0, text.find_first_of("(\n;")));
    }
    return Done{};
}

Result<std::int64_t> query_integer(sqlite3* database, const std::string& sql) {
    SqliteRows rows(database);
    return read_integer(rows, sql);
}

Result<Statement> Statement::prepare(sqlite3* database, const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(database, sql.c_str(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
        return database_error(database, "cannot prepare \"" + sql + "\"");
    }
    return Statement(statement);
}

Statement& Statement::bind(std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), ++bound_, value);
    return *this;
}

Statement& Statement::bind(std::string_view text) {
    sqlite3_bind_text64(statement_.get(), ++bound_, text.data(), text.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
    return *this;
}

Statement& Statement::bind_blob(std::string_view bytes) {
    sqlite3_bind_blob64(statement_.get(), ++bound_, bytes.data(), bytes.size(), SQLITE_STATIC);
    return *this;
}

Result<bool> Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code == SQLITE_DONE) {
        reset();
        return false;
    }
    Error error = database_error(sqlite3_db_handle(statement_.get()), "the journal failed");
    reset();
    return error;
}

Status Statement::run() {
    const Result<bool> row = step();
    if (!row.ok()) {
        return row.error();
    }
    check(!*row, "a statement that changes something gives no rows");
    return Done{};
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
    bound_ = 0;
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
    // The pointer before the length: asking for the text may convert it.
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    const auto bytes = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return text == nullptr ? std::string() : std::string(text, bytes);
}

std::string_view Statement::blob(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
}

Status SqliteRows::read(const std::string& sql, const std::vector<Value>& values,
                        const std::function<Status(const Row&)>& take) {
    auto rows = Statement::prepare(database_, sql);
    if (!rows) {
        return rows.error();
    }
    for (const Value& value : values) {
        if (const auto* text = std::get_if<std::string>(&value)) {
            rows->bind(*text);
        } else {
            rows->bind(std::get<std::int64_t>(value));
        }
    }
    for (;;) {
        const Result<bool> row = rows->step();
        if (!row || !*row) {
            return row ? Status(Done{}) : row.error();
        }
        if (Status taken = take(*rows); !taken) {
            return taken;
        }
    }
}

Result<std::unique_ptr<RowSource>> open_rows(const std::filesystem::path& file) {
    auto database = open_database(file, Access::Read);
    if (!database) {
        return database.error();
    }
    return std::unique_ptr<RowSource>(std::make_unique<OwnRows>(std::move(*database)));
}

}  // namespace gusu::store
