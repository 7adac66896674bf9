#include "scheduler/store/database.h"

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
    auto statement = Statement::prepare(database, sql);
    if (!statement.ok()) {
        return statement.error();
    }
    const Result<bool> row = statement->step();
    if (!row.ok()) {
        return row.error();
    }
    return *row ? statement->integer(0) : 0;
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

}  // namespace gusu::store
