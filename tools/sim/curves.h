// Curves of a run as SVG files, drawn by gnuplot.
#pragma once

#include <string>

#include "scheduler/base/result.h"
#include "tools/sim/replayed.h"
#include "tools/sim/site.h"
#include "tools/sim/trace.h"

namespace gusu::sim {

struct Drawing {
    const Trace& trace;
    const Site& site;
    const Replayed& run;
    std::string title;
};

// Writes queue.svg, utilisation.svg and waiting.svg, with their data and script beside them, into a
// folder that is made if need be.
Status draw_curves(const Drawing& drawing, const std::string& folder);

}  // namespace gusu::sim
