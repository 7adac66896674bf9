// The journal: every event in order, and in the same transactions the rows that people query.
//
// Behind it stands SQLite (sqlite_journal.h) or PostgreSQL (postgres_journal.h). What append() has
// returned for survives kill -9 and power loss. One thread uses it at a time; readers (History)
// have connections of their own.
#pragma once

#include <functional>
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
    virtual ~Journal() = default;

    // If `last` is 0, the newest snapshot and every event after it; else the events after record
    // `last`. Oldest first. `last` becomes the last record that was given whole, also when an error
    // ends it; while it is 0, the next try begins anew.
    virtual Status replay(std::uint64_t& last,
                          const std::function<void(const core::Event&)>& apply) = 0;

    // All batches in one transaction. On an error nothing of them is stored, and the same batches
    // may be tried again (a full disk gives ErrorCode::Unavailable), unless the error is
    // FailedPrecondition: then another scheduler leads, and this one must never write again.
    virtual Status append(const std::vector<const Batch*>& batches) = 0;

    // Replaces the older snapshot; events before it are kept for the accounting period.
    // `events` are State::as_events() after everything appended so far.
    virtual Status write_snapshot(const core::Events& events) = 0;

    // Events appended since the newest snapshot, also by earlier runs.
    virtual std::uint64_t events_since_snapshot() const = 0;
};

}  // namespace gusu::store
