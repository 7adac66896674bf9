#include "scheduler/service/admin/stores.h"

#include <chrono>
#include <functional>
#include <memory>

#include "scheduler/base/text.h"
#include "scheduler/store/copy.h"
#include "scheduler/store/postgres_journal.h"
#include "scheduler/store/postgres_lease.h"
#include "scheduler/store/sqlite.h"
#include "scheduler/store/sqlite_journal.h"

namespace gusu::service {
namespace {

namespace fs = std::filesystem;
using config::v1::SchedulerConfig;

// Longer than any copy takes: what an interrupted one leaves behind must never lead.
constexpr std::chrono::hours kUntilLongAfter{24 * 365 * 100};
constexpr std::chrono::minutes kPatience{10};

bool is_postgresql(const SchedulerConfig& config) { return !config.store().postgresql().empty(); }

fs::path sqlite_file(const SchedulerConfig& config) {
    return fs::path(config.state_dir()) / "journal.sqlite";
}

std::string name_of(const SchedulerConfig& config) {
    return is_postgresql(config) ? "PostgreSQL" : sqlite_file(config).string();
}

using Use = std::function<Status(store::RowSource&)>;

// Gives `use` one unchanging view of the file.
Status read_sqlite(const fs::path& file, const Use& use) {
    const auto database = store::open_database(file, store::Access::Read);
    if (!database) {
        return database.error();
    }
    if (Status begun = store::execute(database->get(), "BEGIN"); !begun) {
        return begun;
    }
    store::SqliteRows rows(database->get());
    return use(rows);
}

Status read_store(const SchedulerConfig& config, const Use& use) {
    if (!is_postgresql(config)) {
        return read_sqlite(sqlite_file(config), use);
    }
    store::PostgresConnection connection(
        {.connection = config.store().postgresql(), .patience = kPatience});
    if (Status begun = connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); !begun) {
        return begun;
    }
    return use(connection);
}

std::string told(const store::Examined& examined) {
    return std::to_string(examined.records) + " records, " + std::to_string(examined.events) +
           " events, " + std::to_string(examined.state.jobs().size()) + " jobs in memory, epoch " +
           std::to_string(examined.state.epoch()) + ", last event at " +
           format_rfc3339(examined.state.last_event());
}

// A whole new file under its name, or nothing.
Status copy_to_file(store::RowSource& from, const fs::path& file, store::Copy copy) {
    const fs::path tentative = file.string() + ".new";
    std::error_code error;
    for (const char* part : {"", "-wal", "-shm"}) {
        fs::remove(tentative.string() + part, error);
    }
    {
        auto journal = store::SqliteJournal::open(tentative);
        if (!journal) {
            return journal.error();
        }
        const auto copied = store::copy_store(from, **journal, copy);
        if (!copied) {
            return copied.error();
        }
    }
    fs::remove(tentative.string() + ".lock", error);
    fs::rename(tentative, file, error);
    if (error) {
        return Error{ErrorCode::Unavailable,
                     file.string() + ": cannot be written: " + error.message()};
    }
    return Done{};
}

// Under a lease that nobody else can take until all is there.
Status copy_to_postgresql(store::RowSource& from, const SchedulerConfig& config, store::Copy copy) {
    const std::string& connection = config.store().postgresql();
    store::PostgresLease lease(
        {.connection = connection, .address = "an unfinished copy", .length = kUntilLongAfter});
    const auto taken = lease.take();
    if (!taken) {
        return taken.error();
    }
    if (!*taken) {
        return Error{ErrorCode::FailedPrecondition,
                     "in PostgreSQL leads " + lease.holder() +
                         "; stop the schedulers, and name a database that is empty"};
    }
    store::PostgresJournal journal(connection);
    Status copied = journal.lead((*taken)->term);
    if (copied && journal.newest() != 0) {
        copied = Error{ErrorCode::FailedPrecondition,
                       "the store in PostgreSQL has " + std::to_string(journal.newest()) +
                           " records already; name a database that is empty"};
        const Status released = lease.release();
        return released ? copied : released;
    }
    if (copied) {
        const auto state = store::copy_store(from, journal, copy);
        copied = state ? Status(Done{}) : state.error();
    }
    return copied ? lease.release() : copied;
}

Status copy_to_store(store::RowSource& from, const SchedulerConfig& config, store::Copy copy) {
    if (is_postgresql(config)) {
        return copy_to_postgresql(from, config, copy);
    }
    const fs::path file = sqlite_file(config);
    if (fs::exists(file)) {
        return Error{ErrorCode::FailedPrecondition,
                     file.string() + " is there already; stop the scheduler, and move it and " +
                         file.string() + "-wal aside"};
    }
    std::error_code error;
    fs::create_directories(config.state_dir(), error);
    return copy_to_file(from, file, copy);
}

}  // namespace

Result<std::string> verify(const SchedulerConfig& config) {
    std::string found;
    const Status read = read_store(config, [&found](store::RowSource& rows) -> Status {
        const auto examined = store::examine(rows);
        if (!examined) {
            return examined.error();
        }
        found = told(*examined);
        return Done{};
    });
    return read ? Result<std::string>(name_of(config) + " is sound: " + found) : read.error();
}

Result<std::string> back_up(const SchedulerConfig& config, const fs::path& backup) {
    if (fs::exists(backup)) {
        return Error{ErrorCode::AlreadyExists,
                     backup.string() + " is there already; name a file that is not"};
    }
    const Status copied = read_store(config, [&backup](store::RowSource& rows) {
        return copy_to_file(rows, backup, store::Copy::Continuation);
    });
    return copied
               ? Result<std::string>(backup.string() + " holds all that is in " + name_of(config))
               : copied.error();
}

Result<std::string> restore(const SchedulerConfig& config, const fs::path& backup) {
    const Status copied = read_sqlite(backup, [&config](store::RowSource& rows) {
        return copy_to_store(rows, config, store::Copy::ReturnToThePast);
    });
    return copied ? Result<std::string>(name_of(config) + " is what " + backup.string() +
                                        " was; ids and epochs go on far above what they were then")
                  : copied.error();
}

Result<std::string> migrate(const SchedulerConfig& config) {
    if (!is_postgresql(config)) {
        return Error{ErrorCode::FailedPrecondition,
                     "store.postgresql is not set; name the database to migrate to"};
    }
    const fs::path file = sqlite_file(config);
    if (!fs::exists(file)) {
        return Error{ErrorCode::NotFound,
                     file.string() + " is not there; see that state_dir is right"};
    }
    {
        // Keeps a scheduler out meanwhile.
        const auto own = store::SqliteJournal::open(file);
        if (!own) {
            return own.error();
        }
        const Status copied = read_sqlite(file, [&config](store::RowSource& rows) {
            return copy_to_postgresql(rows, config, store::Copy::Continuation);
        });
        if (!copied) {
            return copied.error();
        }
    }
    const fs::path moved = file.string() + ".migrated";
    std::error_code error;
    fs::rename(file, moved, error);
    if (error) {
        return Error{ErrorCode::Internal, file.string() + " is migrated, but cannot be renamed (" +
                                              error.message() + "); move it aside"};
    }
    return "PostgreSQL holds all that was in " + file.string() + ", which is now " + moved.string();
}

}  // namespace gusu::service
