#include "scheduler/store/history.h"

#include <algorithm>

namespace gusu::store {
namespace {

constexpr const char* kHistoryColumns =
    "SELECT job, array, array_index, ended, tenant, user, state, message FROM job_history ";

// What a query asks, piece by piece, with the values in the order of their "?".
struct Conditions {
    std::string sql = "WHERE 1";
    std::vector<std::string> texts;

    void add(const std::string& condition, std::initializer_list<std::string> values) {
        sql += " AND " + condition;
        texts.insert(texts.end(), values);
    }

    // A tenant and all below it, as ranges of the index: "/" is followed by "0".
    void add_tenant(const std::string& path) {
        if (!path.empty()) {
            add("(tenant = ? OR (tenant > ? AND tenant < ?))", {path, path + "/", path + "0"});
        }
    }
};

HistoryRow row_of(const Statement& rows) {
    return {.job = {static_cast<std::uint64_t>(rows.integer(0))},
            .array = {static_cast<std::uint64_t>(rows.integer(1))},
            .array_index = static_cast<int>(rows.integer(2)),
            .ended = from_milliseconds(rows.integer(3)),
            .tenant = rows.text(4),
            .user = rows.text(5),
            .state = rows.text(6),
            .job_message = std::string(rows.blob(7))};
}

Result<std::vector<HistoryRow>> read_rows(Statement& rows) {
    std::vector<HistoryRow> found;
    for (Result<bool> row = rows.step();; row = rows.step()) {
        if (!row.ok()) {
            return row.error();
        }
        if (!*row) {
            return found;
        }
        found.push_back(row_of(rows));
    }
}

std::string place_holders(std::size_t count) {
    std::string text = "(";
    for (std::size_t i = 0; i < count; ++i) {
        text += i == 0 ? "?" : ", ?";
    }
    return text + ")";
}

// Adds rows that come in the order of tenant, user, accelerator and job.
class UsageSums {
public:
    UsageSums(Time since, Time until, History::By by) : since_(since), until_(until), by_(by) {}

    void add(const Statement& row) {
        const std::string tenant = row.text(0);
        const std::string user = by_ == History::By::User ? row.text(1) : std::string();
        const std::string accelerator = row.text(2);
        if (sums_.empty() || sums_.back().tenant != tenant || sums_.back().user != user ||
            sums_.back().accelerator != accelerator) {
            sums_.push_back({.tenant = tenant, .user = user, .accelerator = accelerator});
            last_job_ = 0;
        }
        const std::int64_t from = std::max(row.integer(6), to_milliseconds(since_));
        const std::int64_t until = std::min(row.integer(7), to_milliseconds(until_));
        UsageSum& sum = sums_.back();
        sum.milli_gpu_ms += Int128{row.integer(4)} * (until - from);
        sum.milli_cpu_ms += Int128{row.integer(5)} * (until - from);
        sum.jobs += row.integer(3) == last_job_ ? 0 : 1;
        last_job_ = row.integer(3);
    }

    std::vector<UsageSum> take() { return std::move(sums_); }

private:
    Time since_;
    Time until_;
    History::By by_;
    std::vector<UsageSum> sums_;
    std::int64_t last_job_ = 0;
};

}  // namespace

Result<std::unique_ptr<History>> History::open(const std::filesystem::path& journal_file) {
    auto database = open_database(journal_file, Access::Read);
    if (!database.ok()) {
        return database.error();
    }
    return std::unique_ptr<History>(new History(std::move(*database)));
}

Result<std::vector<HistoryRow>> History::list(const HistoryQuery& query) {
    Conditions where;
    where.add_tenant(query.tenant);
    if (!query.user.empty()) {
        where.add("user = ?", {query.user});
    }
    if (!query.states.empty()) {
        where.add("state IN " + place_holders(query.states.size()), {});
        where.texts.insert(where.texts.end(), query.states.begin(), query.states.end());
    }
    if (query.before) {
        where.sql += " AND job < " + std::to_string(query.before.value);
    }
    const std::lock_guard lock(mutex_);
    auto rows = Statement::prepare(database_.get(), kHistoryColumns + where.sql +
                                                        " ORDER BY job DESC LIMIT " +
                                                        std::to_string(std::max(query.at_most, 0)));
    if (!rows.ok()) {
        return rows.error();
    }
    for (const std::string& text : where.texts) {
        rows->bind(text);
    }
    return read_rows(*rows);
}

Result<std::optional<HistoryRow>> History::first(const std::string& where, std::int64_t a,
                                                 std::int64_t b) {
    const std::lock_guard lock(mutex_);
    auto rows = Statement::prepare(database_.get(), kHistoryColumns + where);
    if (!rows.ok()) {
        return rows.error();
    }
    rows->bind(a).bind(b);
    auto found = read_rows(*rows);
    if (!found.ok()) {
        return found.error();
    }
    return found->empty() ? std::nullopt : std::optional(std::move(found->front()));
}

Result<std::optional<HistoryRow>> History::job(JobId id) {
    return first("WHERE job = ? LIMIT ?", static_cast<std::int64_t>(id.value), 1);
}

Result<std::optional<HistoryRow>> History::array_element(JobId array, int index) {
    return first("WHERE array = ? AND array_index = ? AND array != 0",
                 static_cast<std::int64_t>(array.value), index);
}

Result<std::vector<UsageSum>> History::usage(const std::string& tenant, Time since, Time until,
                                             By by) {
    Conditions where;
    where.add_tenant(tenant);
    where.sql += " AND held_until > " + std::to_string(to_milliseconds(since)) +
                 " AND held_from < " + std::to_string(to_milliseconds(until)) +
                 " AND held_until > held_from";
    const std::lock_guard lock(mutex_);
    auto rows = Statement::prepare(
        database_.get(),
        "SELECT tenant, user, accelerator, job, milli_gpus, milli_cpus, held_from, held_until FROM "
        "usage " +
            where.sql +
            (by == By::User ? " ORDER BY tenant, user, accelerator, job"
                            : " ORDER BY tenant, accelerator, job"));
    if (!rows.ok()) {
        return rows.error();
    }
    for (const std::string& text : where.texts) {
        rows->bind(text);
    }
    UsageSums sums(since, until, by);
    for (Result<bool> row = rows->step();; row = rows->step()) {
        if (!row.ok()) {
            return row.error();
        }
        if (!*row) {
            return sums.take();
        }
        sums.add(*rows);
    }
}

}  // namespace gusu::store
