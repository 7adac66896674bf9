// An entry of the accelerator catalogue. Data from configuration; no model is known to the code.
#pragma once

#include <string>
#include <vector>

#include "scheduler/base/amount.h"
#include "scheduler/core/model/slice.h"

namespace gusu::core {

enum class Origin { Abroad, Domestic };
enum class Reality { Real, Simulated };

struct Accelerator {
    std::string name;  // "nvidia-h200"
    std::string vendor;
    Amount memory;  // bytes
    // Rated dense FP16 in GFLOPS; 0 if unknown.
    std::int64_t fp16_gflops = 0;
    Origin origin = Origin::Abroad;
    // In thousandths of the reference card, for accounts that mix models.
    std::int64_t milli_equivalents = 1000;
    // How devices of it can be cut; all for the same number of slices.
    std::vector<SliceProfile> profiles = {};

    friend bool operator==(const Accelerator&, const Accelerator&) = default;
};

// The name under which quota for all accelerators together is kept.
inline constexpr const char* kAnyAccelerator = "any";

}  // namespace gusu::core
