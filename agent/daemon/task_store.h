// The agent's own journal, in SQLite: which tasks it was told to start on this boot of the machine,
// and what became of them. A task is in it, on disk, before its program is started.
//
// What only an end of the agent could lose, and not a loss of power, is written without waiting for
// the disk: after a loss of power the machine has another boot id, and the tasks of before are
// gone.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/daemon/task.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

// When the scheduler was heard last, by the clock that counts from the boot, and for how long the
// tasks may run without hearing it.
struct Contact {
    Duration heard_at{0};
    Duration lease{0};  // 0: never in touch on this boot
};

class TaskStore {
public:
    struct Changes {
        std::vector<const Task*> put;
        std::vector<TaskKey> forget;
        std::optional<std::uint64_t> highest_epoch;
    };
    enum class Durability { Machine, Agent };  // survives a loss of power; survives the agent

    // Forgets the tasks of another boot, but not the highest epoch.
    static Result<std::unique_ptr<TaskStore>> open(const std::filesystem::path& file,
                                                   const std::string& boot_id);

    Result<std::vector<Task>> tasks();
    std::uint64_t highest_epoch() const { return highest_epoch_; }
    const Contact& contact() const { return contact_; }

    // All or nothing.
    Status commit(const Changes& changes, Durability durability);
    Status note(const Contact& contact);

private:
    struct Close {
        void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
    };
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

    explicit TaskStore(sqlite3* database) : database_(database) {}
    Status begin(const std::string& boot_id);
    Status prepare();
    Status execute(const char* sql);
    Status step(sqlite3_stmt* statement);
    Status put(const Task& task);
    Status forget(const TaskKey& key);
    Status put_number(const char* name, std::int64_t value);
    Result<std::int64_t> number(const char* name);
    Status apply(const Changes& changes);
    Error failure(const std::string& doing) const;

    std::unique_ptr<sqlite3, Close> database_;
    Statement put_;
    Statement forget_;
    Statement put_number_;
    std::uint64_t highest_epoch_ = 0;
    Contact contact_;
};

}  // namespace gusu::agent
