// What operators may set of the rules; the defaults are what was measured to serve well.
#pragma once

#include <cstdint>
#include <vector>

#include "scheduler/base/time.h"

namespace gusu::core {

// When a node that fails jobs fast is drained; see policy/black_holes.h.
struct BlackHoleRule {
    int jobs = 4;             // so many different ones, one after the other; 0: never
    int users = 2;            // of so many, unless the same programs do well elsewhere
    Duration within{60'000};  // of their start
    int most_milli = 100;     // of all nodes, in thousandths; but one may always be

    friend bool operator==(const BlackHoleRule&, const BlackHoleRule&) = default;
};

struct Policy {
    // No job is asked to stop for another one before it has run for so long.
    Duration runs_at_least{10 * 60'000};
    // Jobs with a time limit up to this borrow freely.
    Duration short_job{4 * 3'600'000};
    // Who waits for so long is ranked one lane lower. Age gives no right to stop others.
    Duration ages_after{24 * 3'600'000};
    // What of a guarantee is lent to jobs that can neither be stopped nor end soon, where the
    // tenant says nothing; in thousandths.
    int lendable_milli = 250;
    // A lane is left for the next when a job has been served so much, in GPU-hours over all its
    // attempts. Attained service needs no prediction: most jobs are short, and those pass by all
    // that turned out to be long ("Tiresias", Gu et al., NSDI 2019). The bounds quadruple, as run
    // times spread over decades.
    std::vector<std::int64_t> lane_bounds_gpu_hours{2, 8, 32, 128, 512, 2048};
    BlackHoleRule black_hole = {};
    // Nodes of which many are out of touch at once (policy/lost_nodes.h) are given up so long after
    // their lease has ended; 0: when it ends, as single ones.
    Duration waits_for_many{10 * 60'000};

    friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace gusu::core
