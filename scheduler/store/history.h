// Reads of what has ended: job history and usage rows. May be used from any thread, one at a time
// each.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/store/journal.h"
#include "scheduler/store/rows.h"

namespace gusu::store {

// A few hundred thousand GPU-years in milli-GPU-milliseconds are more than 64 bits hold.
__extension__ typedef __int128 Int128;

struct HistoryQuery {
    std::string tenant = {};               // with everything below it; empty: all
    std::string user = {};                 // empty: all
    std::vector<std::string> states = {};  // empty: all
    JobId before = {};                     // ids below this; none: from the newest
    int at_most = 200;
};

struct UsageSum {
    std::string tenant;
    std::string user;  // empty unless asked by user
    std::string accelerator;
    // Thousandths of a GPU (CPU) times milliseconds inside [since, until).
    Int128 milli_gpu_ms = 0;
    Int128 milli_cpu_ms = 0;
    std::int64_t jobs = 0;
};

// All of them, in the order in which they were written.
Status read_history(RowSource& rows, const std::function<Status(HistoryRow row)>& take);
Status read_usage(RowSource& rows, const std::function<Status(UsageRecord row)>& take);

class History {
public:
    explicit History(std::unique_ptr<RowSource> rows) : rows_(std::move(rows)) {}

    // Serialized gusu.v1.Job messages, newest id first.
    Result<std::vector<HistoryRow>> list(const HistoryQuery& query);
    Result<std::optional<HistoryRow>> job(JobId id);
    Result<std::optional<HistoryRow>> array_element(JobId array, int index);

    enum class By { Tenant, User };
    // Rows of `tenant` and everything below it, overlaps with [since, until) only.
    Result<std::vector<UsageSum>> usage(const std::string& tenant, Time since, Time until, By by);

private:
    // Of "FROM job_history " + `where`.
    Result<std::vector<HistoryRow>> read_history(const std::string& where,
                                                 const std::vector<Value>& values);
    Result<std::optional<HistoryRow>> first(const std::string& where,
                                            const std::vector<Value>& values);

    std::mutex mutex_;
    std::unique_ptr<RowSource> rows_;
};

}  // namespace gusu::store
