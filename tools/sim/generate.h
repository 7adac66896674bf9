// A synthetic city: tenants of very different sizes, days and nights, sizes and durations as
// published of real clusters, so many jobs as load the given GPUs.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/sim/job_list.h"

namespace gusu::sim {

struct City {
    std::uint64_t seed = 1;
    int days = 7;
    int gpus = 1000;
    double load = 0.8;  // GPU-time asked for, of all GPU-time there is
    int tenants = 20;
};

std::vector<ListedJob> generate(const City& city);

}  // namespace gusu::sim
