#include "tools/sim/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace gusu::sim {
namespace {

constexpr int kWidth = 40;
constexpr std::chrono::milliseconds kBetween{200};

}  // namespace

Progress::Progress(std::int64_t all)
    : all_(std::max<std::int64_t>(all, 1)), is_shown_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    if (is_shown_) {
        std::fputs("\r\x1b[K", stderr);
    }
}

void Progress::draw(std::int64_t done) {
    const auto now = Clock::now();
    if (now - drawn_ < kBetween) {
        return;
    }
    drawn_ = now;
    const auto filled = static_cast<std::size_t>(kWidth * done / all_);
    const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, ' ');
    std::fprintf(stderr, "\r[%s] %lld of %lld jobs", bar.c_str(), static_cast<long long>(done),
                 static_cast<long long>(all_));
}

}  // namespace gusu::sim
