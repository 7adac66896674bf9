#include "tools/bench/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace gusu::bench {
namespace {

constexpr double kMillisecondsPerSecond = 1000;

std::string three_decimals(double value) {
    char text[64];
    std::snprintf(text, sizeof text, "%.3f", value);
    return text;
}

}  // namespace

double percentile(const std::vector<double>& sorted, double share) {
    if (sorted.empty()) {
        return 0;
    }
    const auto rank =
        static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
    return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

void Report::add(const std::string& name, double value) {
    rows_.push_back({name, three_decimals(value)});
}

void Report::add(const std::string& name, std::int64_t value) {
    rows_.push_back({name, std::to_string(value)});
}

void Report::add(const std::string& name, const std::string& value) {
    rows_.push_back({name, value, false});
}

void Report::add_latencies(const std::string& name, std::vector<double> seconds) {
    if (seconds.empty()) {
        return;
    }
    std::ranges::sort(seconds);
    add(name + "_p50_ms", percentile(seconds, 0.50) * kMillisecondsPerSecond);
    add(name + "_p99_ms", percentile(seconds, 0.99) * kMillisecondsPerSecond);
    add(name + "_max_ms", seconds.back() * kMillisecondsPerSecond);
}

std::string Report::to_text(Format format) const {
    if (format == Format::Json) {
        auto document = nlohmann::ordered_json::object();
        for (const Row& row : rows_) {
            document[row.name] = row.is_number ? nlohmann::ordered_json::parse(row.value)
                                               : nlohmann::ordered_json(row.value);
        }
        return document.dump() + "\n";
    }
    std::size_t width = 0;
    for (const Row& row : rows_) {
        width = std::max(width, row.name.size());
    }
    std::string text;
    for (const Row& row : rows_) {
        text += row.name + std::string(width + 2 - row.name.size(), ' ') + row.value + "\n";
    }
    return text;
}

}  // namespace gusu::bench
