// Reads of what has ended: job history and usage rows. May be used from any thread, one at a time each.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/store/journal.h"

namespace gusu::store {

struct HistoryQuery {
    std::string tenant;               // with everything below it; empty: all
    std::string user;                 // empty: all
    std::vector<std::string> states;  // empty: all
    JobId before;                     // ids below this; none: from the newest
    int at_most = 200;
};

struct UsageSum {
    std::string tenant;
    std::string user;  // empty unless asked by user
    std::string accelerator;
    // Thousandths of a GPU (CPU) times milliseconds, exact.
    // Sums are in long double-free integers: a 128-bit sum of products cut to [since, until).
    __int128 milli_gpu_ms = 0;
    __int128 milli_cpu_ms = 0;
    std::int64_t jobs = 0;
};

class History {
public:
    static Result<std::unique_ptr<History>> open(const std::filesystem::path& journal_file);
    ~History();

    // Serialized gusu.v1.Job messages, newest id first.
    Result<std::vector<HistoryRow>> list(const HistoryQuery& query);
    Result<std::optional<HistoryRow>> job(JobId id);
    Result<std::optional<HistoryRow>> array_element(JobId array, int index);

    enum class By { Tenant, User };
    // Rows of `tenant` and everything below it, overlaps with [since, until) only.
    Result<std::vector<UsageSum>> usage(const std::string& tenant, Time since, Time until, By by);

private:
    explicit History(sqlite3* database) : database_(database) {}

    std::mutex mutex_;
    sqlite3* database_;
};

}  // namespace gusu::store
