#include "scheduler/store/history.h"

#include <algorithm>

namespace gusu::store {
namespace {

constexpr const char* kHistoryColumns =
    "SELECT job, \"array\", array_index, ended, tenant, \"user\", state, message FROM job_history ";

// What a query asks, piece by piece, with the values in the order of their parameters.
struct Conditions {
    std::string sql = "WHERE true";
    std::vector<Value> values;

    // The parameter that stands for it.
    std::string parameter(Value value) {
        values.push_back(std::move(value));
        return "$" + std::to_string(values.size());
    }

    // A tenant and all below it, as ranges of the index: "/" is followed by "0".
    void add_tenant(const std::string& path) {
        if (!path.empty()) {
            sql += " AND (tenant = " + parameter(path);
            sql += " OR (tenant > " + parameter(path + "/");
            sql += " AND tenant < " + parameter(path + "0") + "))";
        }
    }

    void add_states(const std::vector<std::string>& states) {
        for (std::size_t i = 0; i < states.size(); ++i) {
            sql += (i == 0 ? " AND state IN (" : ", ") + parameter(states[i]);
        }
        sql += states.empty() ? "" : ")";
    }
};

std::int64_t number(JobId id) { return static_cast<std::int64_t>(id.value); }

HistoryRow row_of(const Row& row) {
    return {.job = {static_cast<std::uint64_t>(row.integer(0))},
            .array = {static_cast<std::uint64_t>(row.integer(1))},
            .array_index = static_cast<int>(row.integer(2)),
            .ended = from_milliseconds(row.integer(3)),
            .tenant = row.text(4),
            .user = row.text(5),
            .state = row.text(6),
            .job_message = std::string(row.blob(7))};
}

// Adds rows that come in the order of tenant, user, accelerator and job.
class UsageSums {
public:
    UsageSums(Time since, Time until, History::By by) : since_(since), until_(until), by_(by) {}

    void add(const Row& row) {
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

Status read_history(RowSource& rows, const std::function<Status(HistoryRow row)>& take) {
    return rows.read(std::string(kHistoryColumns) + "ORDER BY ended, job", {},
                     [&take](const Row& row) { return take(row_of(row)); });
}

Status read_usage(RowSource& rows, const std::function<Status(UsageRecord row)>& take) {
    return rows.read(
        "SELECT job, tenant, \"user\", accelerator, milli_gpus, milli_cpus, held_from, held_until "
        "FROM usage ORDER BY id",
        {}, [&take](const Row& row) {
            return take({.job = {static_cast<std::uint64_t>(row.integer(0))},
                         .tenant = row.text(1),
                         .user = row.text(2),
                         .accelerator = row.text(3),
                         .milli_gpus = row.integer(4),
                         .milli_cpus = row.integer(5),
                         .from = from_milliseconds(row.integer(6)),
                         .until = from_milliseconds(row.integer(7))});
        });
}

Result<std::vector<HistoryRow>> History::read_history(const std::string& where,
                                                      const std::vector<Value>& values) {
    std::vector<HistoryRow> found;
    const std::lock_guard lock(mutex_);
    const Status read = rows_->read(kHistoryColumns + where, values, [&found](const Row& row) {
        found.push_back(row_of(row));
        return Status(Done{});
    });
    return read ? Result<std::vector<HistoryRow>>(std::move(found)) : read.error();
}

Result<std::optional<HistoryRow>> History::first(const std::string& where,
                                                 const std::vector<Value>& values) {
    auto found = read_history(where + " LIMIT 1", values);
    if (!found) {
        return found.error();
    }
    return found->empty() ? std::nullopt : std::optional(std::move(found->front()));
}

Result<std::vector<HistoryRow>> History::list(const HistoryQuery& query) {
    Conditions where;
    where.add_tenant(query.tenant);
    if (!query.user.empty()) {
        where.sql += " AND \"user\" = " + where.parameter(query.user);
    }
    where.add_states(query.states);
    if (query.before) {
        where.sql += " AND job < " + where.parameter(number(query.before));
    }
    where.sql +=
        " ORDER BY job DESC LIMIT " + where.parameter(std::int64_t{std::max(query.at_most, 0)});
    return read_history(where.sql, where.values);
}

Result<std::optional<HistoryRow>> History::job(JobId id) {
    return first("WHERE job = $1", {number(id)});
}

Result<std::optional<HistoryRow>> History::array_element(JobId array, int index) {
    return first("WHERE \"array\" = $1 AND array_index = $2 AND \"array\" != 0",
                 {number(array), std::int64_t{index}});
}

Result<std::vector<UsageSum>> History::usage(const std::string& tenant, Time since, Time until,
                                             By by) {
    Conditions where;
    where.add_tenant(tenant);
    where.sql += " AND held_until > " + where.parameter(to_milliseconds(since));
    where.sql += " AND held_from < " + where.parameter(to_milliseconds(until));
    where.sql += " AND held_until > held_from ORDER BY tenant, ";
    where.sql += by == By::User ? "\"user\", accelerator, job" : "accelerator, job";
    UsageSums sums(since, until, by);
    const std::lock_guard lock(mutex_);
    const Status read = rows_->read(
        "SELECT tenant, \"user\", accelerator, job, milli_gpus, milli_cpus, held_from, held_until "
        "FROM usage " +
            where.sql,
        where.values, [&sums](const Row& row) {
            sums.add(row);
            return Status(Done{});
        });
    return read ? Result<std::vector<UsageSum>>(sums.take()) : read.error();
}

}  // namespace gusu::store
