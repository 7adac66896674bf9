#include "scheduler/store/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>

#include "scheduler/base/text.h"
#include "scheduler/store/database.h"
#include "scheduler/store/schema.h"
#include "scheduler/wire/event_codec.h"

namespace gusu::store {
namespace {

// A part of a snapshot is read into memory at once; so is its decoded form.
constexpr std::size_t kMostPart = 4 << 20;
constexpr std::size_t kEventsAPart = 8192;

// Every commit reaches the disk before it returns; the log is folded into the database every 16
// MiB.
constexpr const char* kSettings =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = 4000;"
    "PRAGMA journal_size_limit = 67108864;"
    "PRAGMA temp_store = MEMORY;";

class FileLock {
public:
    static Result<FileLock> take(const std::filesystem::path& file);
    ~FileLock() {
        if (descriptor_ >= 0) {
            close(descriptor_);
        }
    }
    FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    FileLock& operator=(FileLock&&) = delete;

private:
    explicit FileLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

// It goes with the descriptor, so that a killed process leaves none behind.
Result<FileLock> FileLock::take(const std::filesystem::path& file) {
    const int descriptor = open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return Error{ErrorCode::Unavailable,
                     "cannot open " + quote(file.string()) + ": " + std::strerror(errno) +
                         "; see that the folder is there and may be written"};
    }
    FileLock lock(descriptor);
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        return Error{ErrorCode::FailedPrecondition,
                     quote(file.string()) +
                         " is locked: another gusu-scheduler has this journal "
                         "open; stop it, or name another journal"};
    }
    return lock;
}

std::int64_t count_of(const Batch& batch) { return static_cast<std::int64_t>(batch.events.size()); }

}  // namespace

struct Journal::Connection {
    FileLock lock;
    Database database;
    Statement insert_events;
    Statement insert_history;
    Statement insert_usage;
    Statement insert_part;

    static Result<std::unique_ptr<Connection>> make(FileLock lock, Database database);
    Status insert(const Batch& batch, std::uint64_t sequence);
    Status insert_rows(const Batch& batch);
    Status insert_parts(std::span<const core::Event> events, std::uint64_t sequence);
    Status replay(const std::string& query, const std::string& what,
                  const std::function<Status(std::int64_t number, core::Events events)>& apply);
    // All of `change` becomes durable, or nothing.
    template <typename Change>
    Status in_transaction(Change change);
};

Result<std::unique_ptr<Journal::Connection>> Journal::Connection::make(FileLock lock,
                                                                       Database database) {
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
Status Journal::Connection::in_transaction(Change change) {
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

Status Journal::Connection::insert(const Batch& batch, std::uint64_t sequence) {
    const std::string blob = wire::encode_events(batch.events);
    Status inserted = insert_events.bind(static_cast<std::int64_t>(sequence))
                          .bind(to_milliseconds(batch.events.front().at))
                          .bind(count_of(batch))
                          .bind_blob(blob)
                          .run();
    return inserted.ok() ? insert_rows(batch) : inserted;
}

Status Journal::Connection::insert_rows(const Batch& batch) {
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

// Halves what comes out too large; a single event is stored whatever its size.
Status Journal::Connection::insert_parts(std::span<const core::Event> events,
                                         std::uint64_t sequence) {
    const std::string blob = wire::encode_events(core::Events(events.begin(), events.end()));
    if (blob.size() <= kMostPart || events.size() == 1) {
        return insert_part.bind(static_cast<std::int64_t>(sequence)).bind_blob(blob).run();
    }
    const std::size_t half = events.size() / 2;
    Status status = insert_parts(events.first(half), sequence);
    return status.ok() ? insert_parts(events.subspan(half), sequence) : status;
}

Status Journal::Connection::replay(
    const std::string& query, const std::string& what,
    const std::function<Status(std::int64_t number, core::Events events)>& apply) {
    auto rows = Statement::prepare(database.get(), query);
    if (!rows.ok()) {
        return rows.error();
    }
    for (Result<bool> row = rows->step();; row = rows->step()) {
        if (!row.ok() || !*row) {
            return row.ok() ? Status(Done{}) : Status(row.error());
        }
        const std::int64_t number = rows->integer(0);
        auto events = wire::decode_events(rows->blob(1));
        if (!events.ok()) {
            return Error{events.error().code,
                         what + " " + std::to_string(number) + " " + events.error().message};
        }
        Status applied = apply(number, std::move(*events));
        if (!applied.ok()) {
            return applied;
        }
    }
}

Journal::Journal(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

Journal::~Journal() = default;

Result<std::unique_ptr<Journal>> Journal::open(const std::filesystem::path& file) {
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
    const auto newest = query_integer(raw,
                                      "SELECT max(ifnull((SELECT max(sequence) FROM journal), 0), "
                                      "ifnull((SELECT max(sequence) FROM snapshot), 0))");
    const auto since = query_integer(raw,
                                     "SELECT ifnull(sum(count), 0) FROM journal WHERE sequence > "
                                     "ifnull((SELECT max(sequence) FROM snapshot), 0)");
    if (!newest.ok() || !since.ok()) {
        return newest.ok() ? since.error() : newest.error();
    }
    std::unique_ptr<Journal> journal(new Journal(std::move(*connection)));
    journal->next_sequence_ = static_cast<std::uint64_t>(*newest) + 1;
    journal->events_since_snapshot_ = static_cast<std::uint64_t>(*since);
    return journal;
}

Status Journal::replay(const std::function<void(const core::Event&)>& apply) {
    const auto apply_all = [&](const core::Events& events) {
        std::ranges::for_each(events, apply);
        return Status(Done{});
    };
    const auto covered =
        query_integer(connection_->database.get(), "SELECT ifnull(max(sequence), 0) FROM snapshot");
    if (!covered.ok()) {
        return covered.error();
    }
    Status snapshot = connection_->replay(
        "SELECT part, events FROM snapshot ORDER BY part", "part of the snapshot",
        [&](std::int64_t, const core::Events& events) { return apply_all(events); });
    if (!snapshot.ok()) {
        return snapshot;
    }
    std::int64_t expected = *covered + 1;
    return connection_->replay(
        "SELECT sequence, events FROM journal WHERE sequence >= " + std::to_string(expected) +
            " ORDER BY sequence",
        "journal record", [&](std::int64_t sequence, const core::Events& events) {
            if (sequence != expected++) {
                return Status(Error{ErrorCode::Internal,
                                    "journal record " + std::to_string(expected - 1) +
                                        " is missing; restore the journal from a backup"});
            }
            return apply_all(events);
        });
}

Status Journal::append(const std::vector<const Batch*>& batches) {
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

Status Journal::write_snapshot(const core::Events& events) {
    const std::uint64_t covered = next_sequence_ - 1;
    Status stored = connection_->in_transaction([&]() -> Status {
        Status status = execute(connection_->database.get(), "DELETE FROM snapshot");
        const std::span<const core::Event> all(events);
        for (std::size_t first = 0; status.ok() && first < all.size(); first += kEventsAPart) {
            status = connection_->insert_parts(
                all.subspan(first, std::min(kEventsAPart, all.size() - first)), covered);
        }
        return status;
    });
    if (stored.ok()) {
        events_since_snapshot_ = 0;
    }
    return stored;
}

}  // namespace gusu::store
