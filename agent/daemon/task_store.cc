#include "agent/daemon/task_store.h"

#include <utility>

#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS tasks(
    incarnation INTEGER NOT NULL, task INTEGER NOT NULL,
    phase INTEGER NOT NULL, launch BLOB NOT NULL,
    exit_code INTEGER NOT NULL, signal INTEGER NOT NULL, out_of_memory INTEGER NOT NULL,
    timed_out INTEGER NOT NULL, launch_error TEXT NOT NULL, ran_for_ms INTEGER NOT NULL,
    PRIMARY KEY(incarnation, task)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS numbers(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS boot(id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS faults(
    incarnation INTEGER NOT NULL, task INTEGER NOT NULL,
    device_fault TEXT NOT NULL, drain TEXT NOT NULL,
    PRIMARY KEY(incarnation, task)) WITHOUT ROWID;
PRAGMA user_version=1;
)";
constexpr const char* kPut =
    "INSERT OR REPLACE INTO tasks(incarnation, task, phase, launch, exit_code, signal, "
    "out_of_memory, timed_out, launch_error, ran_for_ms) VALUES(?,?,?,?,?,?,?,?,?,?)";
constexpr const char* kPutFault =
    "INSERT OR REPLACE INTO faults(incarnation, task, device_fault, drain) VALUES(?,?,?,?)";
constexpr const char* kRead =
    "SELECT incarnation, task, phase, launch, exit_code, signal, out_of_memory, timed_out, "
    "launch_error, ran_for_ms, device_fault, drain "
    "FROM tasks LEFT JOIN faults USING(incarnation, task)";

std::string text_of(sqlite3_stmt* row, int column) {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(row, column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
    return bytes == nullptr ? std::string() : std::string(bytes, size);
}

Task task_of(sqlite3_stmt* row) {
    Task task;
    task.key = {.incarnation = static_cast<std::uint64_t>(sqlite3_column_int64(row, 0)),
                .task = sqlite3_column_int(row, 1)};
    task.phase = static_cast<TaskPhase>(sqlite3_column_int(row, 2));
    check(task.launch.ParseFromString(text_of(row, 3)), "the journal holds what was put in");
    task.exit = {.exit_code = sqlite3_column_int(row, 4),
                 .signal = sqlite3_column_int(row, 5),
                 .out_of_memory = sqlite3_column_int(row, 6) != 0,
                 .timed_out = sqlite3_column_int(row, 7) != 0,
                 .launch_error = text_of(row, 8),
                 .ran_for = Duration(sqlite3_column_int64(row, 9)),
                 .device_fault = text_of(row, 10),
                 .drain = text_of(row, 11)};
    return task;
}

}  // namespace

Result<std::unique_ptr<TaskStore>> TaskStore::open(const std::filesystem::path& file,
                                                   const std::string& boot_id) {
    sqlite3* opened = nullptr;
    const int code =
        sqlite3_open_v2(file.c_str(), &opened,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    std::unique_ptr<TaskStore> store(new TaskStore(opened));
    if (code != SQLITE_OK) {
        return Error{ErrorCode::Unavailable,
                     "cannot open " + quote(file.string()) + ": " + sqlite3_errstr(code) +
                         "; see that its folder is there and may be written"};
    }
    sqlite3_busy_timeout(opened, 10'000);
    if (const Status begun = store->begin(boot_id); !begun) {
        return begun.error();
    }
    return store;
}

Error TaskStore::failure(const std::string& doing) const {
    const char* file = sqlite3_db_filename(database_.get(), "main");
    return {ErrorCode::Unavailable,
            doing + ": " + sqlite3_errmsg(database_.get()) + "; see that the disk of " +
                (file == nullptr ? "the journal" : file) + " is sound and has space"};
}

Status TaskStore::execute(const char* sql) {
    if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
        return failure("the journal of tasks failed");
    }
    return Done{};
}

Status TaskStore::begin(const std::string& boot_id) {
    for (const char* sql : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", kSchema}) {
        if (const Status done = execute(sql); !done) {
            return done;
        }
    }
    if (const Status prepared = prepare(); !prepared) {
        return prepared;
    }
    sqlite3_stmt* row = nullptr;
    if (sqlite3_prepare_v2(database_.get(), "SELECT count(*) FROM boot WHERE id=?", -1, &row,
                           nullptr) != SQLITE_OK) {
        return failure("the journal of tasks cannot be read");
    }
    const Statement same(row);
    sqlite3_bind_text(row, 1, boot_id.c_str(), -1, SQLITE_STATIC);
    const bool is_same_boot = sqlite3_step(row) == SQLITE_ROW && sqlite3_column_int(row, 0) > 0;
    sqlite3_reset(row);
    if (!is_same_boot) {
        const std::string sql =
            "BEGIN; DELETE FROM tasks; DELETE FROM faults; DELETE FROM boot; DELETE FROM numbers "
            "WHERE name <> 'epoch';"
            "INSERT INTO boot VALUES('" +
            boot_id + "'); COMMIT";
        if (const Status done = execute(sql.c_str()); !done) {
            return done;
        }
    }
    const auto epoch = number("epoch");
    const auto heard_at = number("heard_at");
    const auto lease = number("lease");
    if (!epoch || !heard_at || !lease) {
        return failure("the journal of tasks cannot be read");
    }
    highest_epoch_ = static_cast<std::uint64_t>(*epoch);
    contact_ = {.heard_at = Duration(*heard_at), .lease = Duration(*lease)};
    return Done{};
}

Status TaskStore::prepare() {
    const std::pair<const char*, Statement*> statements[] = {
        {kPut, &put_},
        {kPutFault, &put_fault_},
        {"DELETE FROM tasks WHERE incarnation=? AND task=?", &forget_},
        {"DELETE FROM faults WHERE incarnation=? AND task=?", &forget_fault_},
        {"INSERT OR REPLACE INTO numbers(name, value) VALUES(?,?)", &put_number_},
    };
    for (const auto& [sql, into] : statements) {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(database_.get(), sql, -1, &statement, nullptr) != SQLITE_OK) {
            return failure("the journal of tasks does not fit this gusu-agent");
        }
        into->reset(statement);
    }
    return Done{};
}

Status TaskStore::step(sqlite3_stmt* statement) {
    const int code = sqlite3_step(statement);
    Status done = code == SQLITE_DONE ? Status(Done{}) : failure("the journal of tasks failed");
    sqlite3_reset(statement);
    return done;
}

Result<std::int64_t> TaskStore::number(const char* name) {
    sqlite3_stmt* row = nullptr;
    if (sqlite3_prepare_v2(database_.get(), "SELECT value FROM numbers WHERE name=?", -1, &row,
                           nullptr) != SQLITE_OK) {
        return failure("the journal of tasks cannot be read");
    }
    const Statement statement(row);
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    return sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : std::int64_t{0};
}

Status TaskStore::put_number(const char* name, std::int64_t value) {
    sqlite3_bind_text(put_number_.get(), 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(put_number_.get(), 2, value);
    return step(put_number_.get());
}

Result<std::vector<Task>> TaskStore::tasks() {
    sqlite3_stmt* row = nullptr;
    if (sqlite3_prepare_v2(database_.get(), kRead, -1, &row, nullptr) != SQLITE_OK) {
        return failure("the journal of tasks cannot be read");
    }
    const Statement statement(row);
    std::vector<Task> tasks;
    int code = sqlite3_step(row);
    for (; code == SQLITE_ROW; code = sqlite3_step(row)) {
        tasks.push_back(task_of(row));
    }
    if (code != SQLITE_DONE) {
        return failure("the journal of tasks cannot be read");
    }
    return tasks;
}

Status TaskStore::put(const Task& task) {
    const std::string launch = task.launch.SerializeAsString();
    sqlite3_stmt* row = put_.get();
    sqlite3_bind_int64(row, 1, static_cast<std::int64_t>(task.key.incarnation));
    sqlite3_bind_int(row, 2, task.key.task);
    sqlite3_bind_int(row, 3, static_cast<int>(task.phase));
    sqlite3_bind_blob64(row, 4, launch.data(), launch.size(), SQLITE_STATIC);
    sqlite3_bind_int(row, 5, task.exit.exit_code);
    sqlite3_bind_int(row, 6, task.exit.signal);
    sqlite3_bind_int(row, 7, task.exit.out_of_memory ? 1 : 0);
    sqlite3_bind_int(row, 8, task.exit.timed_out ? 1 : 0);
    sqlite3_bind_text(row, 9, task.exit.launch_error.c_str(), -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 10, task.exit.ran_for.count());
    Status done = step(row);
    sqlite3_clear_bindings(row);
    return done && (!task.exit.device_fault.empty() || !task.exit.drain.empty()) ? put_fault(task)
                                                                                 : done;
}

Status TaskStore::put_fault(const Task& task) {
    sqlite3_stmt* row = put_fault_.get();
    sqlite3_bind_int64(row, 1, static_cast<std::int64_t>(task.key.incarnation));
    sqlite3_bind_int(row, 2, task.key.task);
    sqlite3_bind_text(row, 3, task.exit.device_fault.c_str(), -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 4, task.exit.drain.c_str(), -1, SQLITE_STATIC);
    Status done = step(row);
    sqlite3_clear_bindings(row);
    return done;
}

Status TaskStore::forget(const TaskKey& key) {
    for (sqlite3_stmt* row : {forget_.get(), forget_fault_.get()}) {
        sqlite3_bind_int64(row, 1, static_cast<std::int64_t>(key.incarnation));
        sqlite3_bind_int(row, 2, key.task);
        if (const Status done = step(row); !done) {
            return done;
        }
    }
    return Done{};
}

Status TaskStore::apply(const Changes& changes) {
    for (const Task* task : changes.put) {
        if (const Status done = put(*task); !done) {
            return done;
        }
    }
    for (const TaskKey& key : changes.forget) {
        if (const Status done = forget(key); !done) {
            return done;
        }
    }
    if (changes.highest_epoch) {
        return put_number("epoch", static_cast<std::int64_t>(*changes.highest_epoch));
    }
    return Done{};
}

Status TaskStore::commit(const Changes& changes, Durability durability) {
    const bool waits = durability == Durability::Machine;
    Status done = execute(waits ? "PRAGMA synchronous=FULL; BEGIN IMMEDIATE"
                                : "PRAGMA synchronous=NORMAL; BEGIN IMMEDIATE");
    if (!done) {
        return done;
    }
    done = apply(changes);
    if (done) {
        done = execute("COMMIT");
    }
    if (!done) {
        sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
        return done;
    }
    if (changes.highest_epoch) {
        highest_epoch_ = *changes.highest_epoch;
    }
    return done;
}

Status TaskStore::note(const Contact& contact) {
    Status done = execute("PRAGMA synchronous=NORMAL; BEGIN IMMEDIATE");
    for (const auto& [name, value] :
         {std::pair("heard_at", contact.heard_at), std::pair("lease", contact.lease)}) {
        done = done ? put_number(name, value.count()) : done;
    }
    done = done ? execute("COMMIT") : done;
    if (!done) {
        sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
        return done;
    }
    contact_ = contact;
    return done;
}

}  // namespace gusu::agent
