// What a measurement gives: numbers with names, for people or as JSON.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace gusu::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_between(Clock::time_point from, Clock::time_point until) {
    return std::chrono::duration<double>(until - from).count();
}

enum class Format { Table, Json };

class Report {
public:
    // `name` is a key of the JSON document, with its unit at its end: "latency_p50_ms".
    void add(const std::string& name, double value);
    void add(const std::string& name, std::int64_t value);
    void add(const std::string& name, const std::string& value);
    // NAME_p50_ms, NAME_p99_ms, NAME_max_ms; nothing without values.
    void add_latencies(const std::string& name, std::vector<double> seconds);

    std::string to_text(Format format) const;

private:
    struct Row {
        std::string name;
        std::string value;
        bool is_number = true;
    };
    std::vector<Row> rows_;
};

// The value below which `share` of the sorted values are: nearest rank.
double percentile(const std::vector<double>& sorted, double share);

}  // namespace gusu::bench
