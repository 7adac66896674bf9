// What tasks ask for and nodes have, as checked integers.
#pragma once

#include <string>

#include "scheduler/base/amount.h"
#include "scheduler/base/flat_map.h"

namespace gusu::core {

// GPUs and CPUs in thousandths, memory in bytes.
struct Resources {
    Amount milli_gpus;
    Amount milli_cpus;
    Amount memory;

    friend auto operator<=>(const Resources&, const Resources&) = default;
};

// Milli-GPUs by accelerator; the sum stands under kAnyAccelerator.
using GpuNeed = FlatMap<std::string, Amount>;

}  // namespace gusu::core
