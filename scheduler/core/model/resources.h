// What tasks ask for and nodes have, as checked integers.
#pragma once

#include "scheduler/base/amount.h"

namespace gusu::core {

// GPUs and CPUs in thousandths, memory in bytes.
struct Resources {
    Amount milli_gpus;
    Amount milli_cpus;
    Amount memory;

    friend auto operator<=>(const Resources&, const Resources&) = default;
};

}  // namespace gusu::core
