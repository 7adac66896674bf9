// The journal in a SQLite file: WAL mode with synchronous=FULL. Nothing to install or run.
#pragma once

#include <filesystem>
#include <memory>

#include "scheduler/store/journal.h"

namespace gusu::store {

class SqliteJournal final : public Journal {
public:
    // Creates it if there is none. Fails if another process has it open for writing, or if it was
    // written by a newer version.
    static Result<std::unique_ptr<SqliteJournal>> open(const std::filesystem::path& file);
    ~SqliteJournal() override;

    Status replay(std::uint64_t& last,
                  const std::function<void(const core::Event&)>& apply) override;
    Status append(const std::vector<const Batch*>& batches) override;
    Status write_snapshot(const core::Events& events) override;
    std::uint64_t events_since_snapshot() const override { return events_since_snapshot_; }

private:
    struct Connection;

    explicit SqliteJournal(std::unique_ptr<Connection> connection);

    std::unique_ptr<Connection> connection_;
    std::uint64_t next_sequence_ = 1;
    std::uint64_t events_since_snapshot_ = 0;
};

}  // namespace gusu::store
