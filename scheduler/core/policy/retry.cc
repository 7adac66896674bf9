#include "scheduler/core/policy/retry.h"

#include <algorithm>

namespace gusu::core {
namespace {

constexpr Duration kLongestBackoff{3'600'000};
// As each of them takes a node, or a device, from all.
constexpr std::ptrdiff_t kForgivenFaults = 3;

bool may_be_retried(EndReason reason) {
    switch (reason) {
        case EndReason::ExitCode:
        case EndReason::NodeLost:
        case EndReason::OutOfMemory:
        case EndReason::DeviceFault:
        case EndReason::LaunchFailed:
        case EndReason::Preempted:
            return true;
        case EndReason::Completed:
        case EndReason::TimedOut:
        case EndReason::DependencyFailed:
        case EndReason::CancelledByUser:
        case EndReason::CancelledByAdmin:
        case EndReason::Deadline:
            return false;
    }
    return false;
}

// Whether the program's own exit says that another try is in vain.
bool is_final(const RetryPolicy& retry, const Ending& ending) {
    if (ending.reason != EndReason::ExitCode) {
        return false;
    }
    const auto has = [&](const std::vector<int>& codes) {
        return ending.signal == 0 && std::ranges::find(codes, ending.exit_code) != codes.end();
    };
    return has(retry.final_exit_codes) || (!retry.exit_codes.empty() && !has(retry.exit_codes));
}

}  // namespace

bool is_forgiven(const Job& job, const Ending& ending) {
    const auto faults = std::ranges::count_if(job.past, [](const PastAttempt& attempt) {
        return attempt.ending.reason == EndReason::DeviceFault;
    });
    return ending.reason == EndReason::Preempted ||
           (ending.reason == EndReason::DeviceFault && faults < kForgivenFaults);
}

std::optional<Time> next_attempt(const Job& job, const Ending& ending, Time now) {
    if (!may_be_retried(ending.reason)) {
        return std::nullopt;
    }
    if (is_forgiven(job, ending)) {
        return now;
    }
    if (job.retries_used >= job.spec->retry.retries || is_final(job.spec->retry, ending)) {
        return std::nullopt;
    }
    Duration backoff = job.spec->retry.backoff;
    for (int i = 0; i < job.retries_used && backoff < kLongestBackoff; ++i) {
        backoff *= 2;
    }
    return now + std::min(backoff, kLongestBackoff);
}

}  // namespace gusu::core
