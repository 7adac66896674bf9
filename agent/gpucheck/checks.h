// What the program does with the cards it is told of.
#pragma once

#include <functional>

#include "agent/gpucheck/options.h"
#include "agent/gpucheck/report.h"

namespace gusu::gpucheck {

// Hears of each card, check and error as it comes.
struct Listener {
    std::function<void(const std::string& line)> line;
    // With Mode::Fill, when all is filled: returns when the memory may be given back.
    std::function<void()> hold;
};

// To its end, or to the first error that makes more of it useless.
Report run(const Options& options, const Listener& listener);

}  // namespace gusu::gpucheck
