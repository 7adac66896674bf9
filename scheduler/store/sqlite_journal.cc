#include "scheduler/store/sqlite_journal.h"

#include <utility>

#include "scheduler/store/file_lock.h"
#include "scheduler/store/records.h"
#include "scheduler/store/sqlite.h"
#include "scheduler/store/sqlite_schema.h"
#include "scheduler/wire/event_codec.h"

namespace gusu::store {
namespace {

// Every commit reaches the disk before it returns; the log is folded into the database every 16
// MiB.
constexpr const char* kSettings =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = 4000;"
    "PRAGMA journal_size_limit = 67108864;"
    "PRAGMA temp_store = MEMORY;";

std::int64_t count_of(const Batch& batch) { return static_cast<std::int64_t>(batch.events.size()); }

}  // namespace

struct SqliteJournal::Connection {
    FileLock lock;
    Database database;
    Statement insert_events;
    Statement insert_history;
    Statement insert_usage;
    Statement insert_part;

    static Result<std::unique_ptr<Connection>> make(FileLock lock, Database database);
    Status insert(const Batch& batch, std::uint64_t sequence);
    Status insert_rows(const Batch& batch);
    // All of `change` becomes durable, or nothing.
    template <typename Change>
    Status in_transaction(Change change);
};

Result<std::unique_ptr<SqliteJournal::Connection>> SqliteJournal::Connection::make(
    FileLock lock, Database database) {
    sqlite3* raw = database.get();
    auto events = Statement::prepare(raw, "INSERT INTO journal VALUES (?, ?, ?, ?)");
    auto history = Statement::prepare(
        raw, "INSERT OR REPLACE INTO job_history VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    auto usage = Statement::prepare(
        raw,
        "INSERT INTO usage (job, tenant, user, accelerator, milli_gpus, milli_cpus, held_from, "
        "held_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    auto part = Statement::prepare(raw, "INSERT INTO snapshot (sequence, events) VALUES (?, ?)");
    for (const Result<Statement>* statement : {&events, &history, &usage, &part}) {
        if (!statement->ok()) {
            return statement->error();
        }
    }
    return std::make_unique<Connection>(Connection{
        .lock = std::move(lock),
        .database = std::move(database),
        .insert_events = std::move(*events),
        .insert_history = std::move(*history),
        .insert_usage = std::move(*usage),
        .insert_part = std::move(*part),
    });
}

template <typename Change>
Status SqliteJournal::Connection::in_transaction(Change change) {
    Status status = execute(database.get(), "BEGIN IMMEDIATE");
    if (!status.ok()) {
        return status;
    }
    status = change();
    if (status.ok()) {
        status = execute(database.get(), "COMMIT");
    }
    // Some errors have rolled back already.
    if (!status.ok() && sqlite3_get_autocommit(database.get()) == 0) {
        sqlite3_exec(database.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
    return status;
}

Status SqliteJournal::Connection::insert(const Batch& batch, std::uint64_t sequence) {
    const std::string blob = wire::encode_events(batch.events);
    Status inserted = insert_events.bind(static_cast<std::int64_t>(sequence))
                          .bind(to_milliseconds(batch.events.front().at))
                          .bind(count_of(batch))
                          .bind_blob(blob)
                          .run();
    return inserted.ok() ? insert_rows(batch) : inserted;
}

Status SqliteJournal::Connection::insert_rows(const Batch& batch) {
    for (const HistoryRow& row : batch.history) {
        Status inserted = insert_history.bind(static_cast<std::int64_t>(row.job.value))
                              .bind(static_cast<std::int64_t>(row.array.value))
                              .bind(std::int64_t{row.array_index})
                              .bind(to_milliseconds(row.ended))
                              .bind(row.tenant)
                              .bind(row.user)
                              .bind(row.state)
                              .bind_blob(row.job_message)
                              .run();
        if (!inserted.ok()) {
            return inserted;
        }
    }
    for (const UsageRecord& row : batch.usage) {
        Status inserted = insert_usage.bind(static_cast<std::int64_t>(row.job.value))
                              .bind(row.tenant)
                              .bind(row.user)
                              .bind(row.accelerator)
                              .bind(row.milli_gpus)
                              .bind(row.milli_cpus)
                              .bind(to_milliseconds(row.from))
                              .bind(to_milliseconds(row.until))
                              .run();
        if (!inserted.ok()) {
            return inserted;
        }
    }
    return Done{};
}

SqliteJournal::SqliteJournal(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}

SqliteJournal::~SqliteJournal() = default;

Result<std::unique_ptr<SqliteJournal>> SqliteJournal::open(const std::filesystem::path& file) {
    auto lock = FileLock::take(file.string() + ".lock");
    if (!lock.ok()) {
        return lock.error();
    }
    auto database = open_database(file, Access::Write);
    if (!database.ok()) {
        return database.error();
    }
    sqlite3* raw = database->get();
    for (const Status& status : {execute(raw, kSettings), prepare_schema(raw)}) {
        if (!status.ok()) {
            return status.error();
        }
    }
    auto connection = Connection::make(std::move(*lock), std::move(*database));
    if (!connection.ok()) {
        return connection.error();
    }
    SqliteRows rows(raw);
    const auto size = size_of(rows);
    if (!size.ok()) {
        return size.error();
    }
    std::unique_ptr<SqliteJournal> journal(new SqliteJournal(std::move(*connection)));
    journal->next_sequence_ = size->newest + 1;
    journal->events_since_snapshot_ = size->events_since_snapshot;
    return journal;
}

Status SqliteJournal::replay(std::uint64_t& last,
                             const std::function<void(const core::Event&)>& apply) {
    SqliteRows rows(connection_->database.get());
    return replay_records(rows, last, apply);
}

Status SqliteJournal::append(const std::vector<const Batch*>& batches) {
    std::uint64_t sequence = next_sequence_;
    std::uint64_t events = 0;
    Status stored = connection_->in_transaction([&]() -> Status {
        for (const Batch* batch : batches) {
            Status inserted = batch->events.empty() ? connection_->insert_rows(*batch)
                                                    : connection_->insert(*batch, sequence++);
            if (!inserted.ok()) {
                return inserted;
            }
            events += batch->events.size();
        }
        return Done{};
    });
    if (stored.ok()) {
        next_sequence_ = sequence;
        events_since_snapshot_ += events;
    }
    return stored;
}

Status SqliteJournal::write_snapshot(const core::Events& events) {
    const std::uint64_t covered = next_sequence_ - 1;
    Status stored = connection_->in_transaction([&]() -> Status {
        Status status = execute(connection_->database.get(), "DELETE FROM snapshot");
        return status ? for_each_part(events,
                                      [&](const std::string& part) {
                                          return connection_->insert_part
                                              .bind(static_cast<std::int64_t>(covered))
                                              .bind_blob(part)
                                              .run();
                                      })
                      : status;
    });
    if (stored.ok()) {
        events_since_snapshot_ = 0;
    }
    return stored;
}

}  // namespace gusu::store
