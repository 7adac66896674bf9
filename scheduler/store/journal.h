// The journal: every event in order, and in the same transactions the rows that people query.
//
// SQLite in WAL mode with synchronous=FULL: what append() has returned for survives kill -9 and
// power loss. One thread writes; readers (History) have connections of their own.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/base/result.h"
#include "scheduler/core/event.h"

namespace gusu::store {

// An ended job, as `gusu show` shows it for as long as the history is kept.
struct HistoryRow {
    JobId job;
    JobId array;  // none for a job that is no element of an array
    int array_index = 0;
    Time ended;
    std::string tenant;  // path
    std::string user;
    std::string state;        // "SUCCEEDED", "FAILED", "CANCELLED"
    std::string job_message;  // gusu.v1.Job, serialized
};

// What one attempt held, with names instead of ids so that the row outlives its tenant.
struct UsageRecord {
    JobId job;
    std::string tenant;
    std::string user;
    std::string accelerator;  // empty: CPU only
    std::int64_t milli_gpus = 0;
    std::int64_t milli_cpus = 0;
    Time from = {};
    Time until = {};
};

// What one engine batch leaves behind; becomes durable whole or not at all.
struct Batch {
    core::Events events;
    std::vector<HistoryRow> history;
    std::vector<UsageRecord> usage;
};

class Journal {
public:
    // Creates it if there is none. Fails if another process has it open for writing, or if it was
    // written by a newer version.
    static Result<std::unique_ptr<Journal>> open(const std::filesystem::path& file);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    // The newest snapshot and every event after it, oldest first.
    Status replay(const std::function<void(const core::Event&)>& apply);

    // All batches in one transaction. On an error nothing of them is stored, and the same batches
    // may be tried again (a full disk gives ErrorCode::Unavailable).
    Status append(const std::vector<const Batch*>& batches);

    // Replaces the older snapshot; events before it are kept for the accounting period.
    // `events` are State::as_events() after everything appended so far.
    Status write_snapshot(const core::Events& events);

    // Events appended since the newest snapshot, also by earlier runs.
    std::uint64_t events_since_snapshot() const { return events_since_snapshot_; }

private:
    struct Connection;

    explicit Journal(std::unique_ptr<Connection> connection);

    std::unique_ptr<Connection> connection_;
    std::uint64_t next_sequence_ = 1;
    std::uint64_t events_since_snapshot_ = 0;
};

}  // namespace gusu::store
