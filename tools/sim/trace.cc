#include "tools/sim/trace.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "scheduler/base/text.h"
#include "tools/sim/table.h"

namespace gusu::sim {
namespace {

constexpr int kMostGpus = 1'000'000;
constexpr int kWhole = 1000;
constexpr std::int64_t kMiB = std::int64_t{1} << 20;
constexpr const char* kNoTenant = "all";

struct Columns {
    int id, submit, duration, gpus, cpus, memory, models, tenant, fraction, alone;
};

Result<Columns> find_columns(const Table& table) {
    for (const char* name : {"job_id", "submit_s", "duration_s", "gpus"}) {
        if (const auto found = table.require(name); !found) {
            return found.error();
        }
    }
    return Columns{.id = table.find("job_id"),
                   .submit = table.find("submit_s"),
                   .duration = table.find("duration_s"),
                   .gpus = table.find("gpus"),
                   .cpus = table.find("cpus"),
                   .memory = table.find("mem_gib"),
                   .models = table.find("gpu_model"),
                   .tenant = table.find("tenant"),
                   .fraction = table.find("gpu_fraction_milli"),
                   .alone = table.find("exclusive_s")};
}

std::vector<std::string> split_models(std::string_view text) {
    std::vector<std::string> models;
    while (!text.empty()) {
        const std::size_t bar = text.find('|');
        models.emplace_back(text.substr(0, bar));
        text.remove_prefix(bar == std::string_view::npos ? text.size() : bar + 1);
    }
    std::ranges::sort(models);
    return models;
}

Result<Shape> read_shape(const Table& table, const Columns& columns) {
    const auto gpus = table.integer(columns.gpus, -1);
    const auto fraction = table.integer(columns.fraction, kWhole);
    const auto cpus = table.amount(columns.cpus, 0, kMostCpus);
    const auto memory = table.amount(columns.memory, 0, kMostGiB);
    for (const auto* each : {&gpus, &fraction, &cpus, &memory}) {
        if (!*each) {
            return each->error();
        }
    }
    if (*gpus < 0 || *gpus > kMostGpus) {
        return table.error(columns.gpus, quote(table.field(columns.gpus)) +
                                             " is not a number of GPUs: 0 to a million");
    }
    const bool none = *fraction == 0 || *gpus == 0;
    if (*fraction < 0 || *fraction > kWhole || (*fraction < kWhole && !none && *gpus != 1)) {
        return table.error(columns.fraction,
                           quote(table.field(columns.fraction)) + " of " + std::to_string(*gpus) +
                               " GPUs: 1 to 1000 thousandths, below 1000 only of one GPU");
    }
    return Shape{
        .gpus = none ? 0 : static_cast<int>(*gpus),
        .milli_each = none ? kWhole : static_cast<int>(*fraction),
        .milli_cpus = *cpus,
        .memory = *memory * kMiB * 1024 / 1000,
        .models = none ? std::vector<std::string>{} : split_models(table.field(columns.models))};
}

class TraceReader {
public:
    TraceReader(const Table& table, const Columns& columns, const JobFilter& filter)
        : table_(table), columns_(columns), filter_(filter) {}

    // The present line of the table, unless it is filtered out.
    Status add_line() {
        const auto submit =
            table_.milli(columns_.submit, filter_.durations == Durations::Unused ? 0 : kMissing);
        const auto duration = table_.amount(columns_.duration, kMissing, kMostSeconds);
        const auto alone = table_.amount(columns_.alone, kMissing, kMostSeconds);
        for (const auto* each : {&submit, &duration, &alone}) {
            if (!*each) {
                return each->error();
            }
        }
        const std::string_view named = table_.field(columns_.tenant);
        const std::string_view tenant = named.empty() ? kNoTenant : named;
        if (*submit == kMissing) {
            return table_.error(columns_.submit, "is missing");
        }
        if (Duration(*submit) < filter_.from || Duration(*submit) >= filter_.until ||
            (!filter_.tenants.empty() && std::ranges::count(filter_.tenants, tenant) == 0)) {
            return Done{};
        }
        if (*duration == kMissing && filter_.durations == Durations::Needed) {
            return table_.error(columns_.duration, "is missing");
        }
        const auto shape = read_shape(table_, columns_);
        if (!shape) {
            return shape.error();
        }
        trace_.jobs.push_back({.submit = Duration(*submit),
                               .duration = Duration(std::max<std::int64_t>(*duration, 0)),
                               .shape = index_of(shapes_, trace_.shapes, *shape),
                               .tenant = index_of(tenants_, trace_.tenants, std::string(tenant))});
        trace_.ids.emplace_back(table_.field(columns_.id));
        trace_.alone.push_back(*alone == kMissing ? std::optional<Duration>{} : Duration(*alone));
        return Done{};
    }

    // By submission; equal ones stay as they stand in the file.
    Trace finish() {
        std::vector<std::size_t> order(trace_.jobs.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::sort(order, {},
                          [&](std::size_t i) { return std::pair(trace_.jobs[i].submit, i); });
        Trace sorted;
        sorted.tenants = std::move(trace_.tenants);
        sorted.shapes = std::move(trace_.shapes);
        sorted.origin = order.empty() ? Duration(0) : trace_.jobs[order.front()].submit;
        for (const std::size_t i : order) {
            sorted.jobs.push_back(trace_.jobs[i]);
            sorted.jobs.back().submit -= sorted.origin;
            sorted.ids.push_back(std::move(trace_.ids[i]));
            if (columns_.alone >= 0) {
                sorted.alone.push_back(trace_.alone[i]);
            }
        }
        return sorted;
    }

private:
    static constexpr std::int64_t kMissing = std::numeric_limits<std::int64_t>::min();

    template <typename Value>
    static std::uint32_t index_of(std::map<Value, std::uint32_t>& known, std::vector<Value>& all,
                                  const Value& value) {
        const auto [place, is_new] =
            known.try_emplace(value, static_cast<std::uint32_t>(all.size()));
        if (is_new) {
            all.push_back(value);
        }
        return place->second;
    }

    const Table& table_;
    const Columns& columns_;
    const JobFilter& filter_;
    Trace trace_;
    std::map<Shape, std::uint32_t> shapes_;
    std::map<std::string, std::uint32_t> tenants_;
};

}  // namespace

Result<Trace> read_jobs(const std::string& path, const JobFilter& filter) {
    auto table = Table::open(path);
    if (!table) {
        return table.error();
    }
    const auto columns = find_columns(*table);
    if (!columns) {
        return columns.error();
    }
    TraceReader reader(*table, *columns, filter);
    for (;;) {
        const auto more = table->next();
        if (!more) {
            return more.error();
        }
        if (!*more) {
            return reader.finish();
        }
        if (const Status added = reader.add_line(); !added) {
            return added.error();
        }
    }
}

}  // namespace gusu::sim
