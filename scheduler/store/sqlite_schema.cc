#include "scheduler/store/sqlite_schema.h"

namespace gusu::store {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kApplication = 0x67757375;  // "gusu"

// journal: one row a batch; `count` events, the first at `at`.
// snapshot: everything up to and with journal row `sequence`, in parts.
// job_history and usage: rows people query, written with the events they follow from.
constexpr const char* kTables = R"(
BEGIN IMMEDIATE;
CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    events BLOB NOT NULL
);
CREATE TABLE snapshot (
    part INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL,
    events BLOB NOT NULL
);
CREATE TABLE job_history (
    job INTEGER PRIMARY KEY,
    array INTEGER NOT NULL,
    array_index INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    user TEXT NOT NULL,
    state TEXT NOT NULL,
    message BLOB NOT NULL
);
CREATE INDEX job_history_by_tenant ON job_history (tenant, job);
CREATE INDEX job_history_by_user ON job_history (user, job);
CREATE INDEX job_history_by_end ON job_history (ended);
CREATE INDEX job_history_by_element ON job_history (array, array_index) WHERE array != 0;
CREATE TABLE usage (
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    user TEXT NOT NULL,
    accelerator TEXT NOT NULL,
    milli_gpus INTEGER NOT NULL,
    milli_cpus INTEGER NOT NULL,
    held_from INTEGER NOT NULL,
    held_until INTEGER NOT NULL
);
CREATE INDEX usage_by_end ON usage (held_until);
CREATE INDEX usage_by_tenant ON usage (tenant, held_until);
PRAGMA application_id = 1735750517;
PRAGMA user_version = 1;
COMMIT;
)";

Status create(sqlite3* database) {
    const Status created = execute(database, kTables);
    if (!created.ok() && sqlite3_get_autocommit(database) == 0) {
        sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr);
    }
    return created;
}

}  // namespace

Status prepare_schema(sqlite3* database) {
    const auto tables = query_integer(database, "SELECT count(*) FROM sqlite_schema");
    if (!tables.ok()) {
        return tables.error();
    }
    if (*tables == 0) {
        return create(database);
    }
    const auto application = query_integer(database, "PRAGMA application_id");
    const auto version = query_integer(database, "PRAGMA user_version");
    if (!application.ok() || !version.ok()) {
        return application.ok() ? version.error() : application.error();
    }
    const std::string file = sqlite3_db_filename(database, "main");
    if (*application != kApplication) {
        return Error{ErrorCode::FailedPrecondition,
                     file + " is a database of another program; name another file for the journal"};
    }
    if (*version != kVersion) {
        return Error{ErrorCode::FailedPrecondition,
                     file + " has version " + std::to_string(*version) +
                         " of the journal and this gusu-scheduler knows up to " +
                         std::to_string(kVersion) + "; run the newer gusu-scheduler that wrote it"};
    }
    return Done{};
}

}  // namespace gusu::store
