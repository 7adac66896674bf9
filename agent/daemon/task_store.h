// The agent's journal in SQLite.
//
// What only an end of the agent could lose, and not a loss of power, is written without waiting for
// the disk: after a loss of power the machine has another boot id, and the tasks of before are
// gone.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "agent/daemon/task_journal.h"

namespace gusu::agent {

class TaskStore final : public TaskJournal {
public:
    // Forgets the tasks of another boot, but not the highest epoch.
    static Result<std::unique_ptr<TaskStore>> open(const std::filesystem::path& file,
                                                   const std::string& boot_id);

    Result<std::vector<Task>> tasks() override;
    std::uint64_t highest_epoch() const override { return highest_epoch_; }
    Contact contact() const override { return contact_; }
    Status commit(const Changes& changes, Durability durability) override;
    Status note(const Contact& contact) override;

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
    Status put_fault(const Task& task);
    Status forget(const TaskKey& key);
    Status put_number(const char* name, std::int64_t value);
    Result<std::int64_t> number(const char* name);
    Status apply(const Changes& changes);
    Error failure(const std::string& doing) const;

    std::unique_ptr<sqlite3, Close> database_;
    Statement put_;
    Statement put_fault_;
    Statement forget_;
    Statement forget_fault_;
    Statement put_number_;
    std::uint64_t highest_epoch_ = 0;
    Contact contact_;
};

}  // namespace gusu::agent
