// Job lists that we write: what `import` and `generate` make, and `replay` reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/base/result.h"
#include "scheduler/base/time.h"

namespace gusu::sim {

struct ListedJob {
    std::string id;
    Duration submit{0};
    Duration duration{-1};  // below zero: unknown
    int gpus = 0;
    int milli_each = 1000;
    std::int64_t milli_cpus = -1;  // below zero: unknown
    std::int64_t mem_mib = -1;
    std::string models;  // joined by "|"
    std::string tenant;
    std::string user;
    std::string kind;
};

// By submission, then as given, as CSV.
std::string to_csv(const std::vector<ListedJob>& jobs);

// To a file, or "-" for the standard output.
Status write_text(const std::string& text, const std::string& path);

// Thousandths as a decimal number without zeros at its end: 12500 is "12.5".
std::string decimal(std::int64_t milli);

}  // namespace gusu::sim
